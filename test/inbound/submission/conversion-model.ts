/**
 * A small model of what a conversion file does, written from the documentation and with none of the product's code: the
 * oracle of the property and the crash tests. Money in cents as numbers, which these tests keep small.
 */
export interface ModelConversion {
  orderId: string;
  campaign: string;
  tracker: string;
  /** Days ago; text that is no date otherwise. */
  age: number | string;
  media: string;
  /** As in the file. Of the item where there is a SKU, else of the order. */
  amount: string;
  /** Empty for an order-level line. */
  sku: string;
  quantity: string;
  discount: string;
}

export interface ModelCreated {
  amount: number;
  partner: string;
  items: number;
  line: number;
}

const day = 86_400_000;
const active: Record<string, string> = { 7788: 'acme', 7789: 'acme', 8800: 'orbit' };

const isMoney = (text: string): boolean => /^\d+(\.\d{1,2})?$/.test(text);
const cents = (text: string): number => Math.round(Number(text || '0') * 100);

/** A twentieth, halves to even. */
export const twentieth = (amount: number): number => {
  const [whole, rest] = [Math.floor(amount / 20), amount % 20];
  return rest > 10 || (rest === 10 && whole % 2 === 1) ? whole + 1 : whole;
};

const isBroken = (line: ModelConversion): boolean =>
  !/^\d{1,10}$/.test(line.campaign) ||
  line.orderId === '' ||
  typeof line.age === 'string' ||
  !isMoney(line.amount) ||
  (line.discount !== '' && !isMoney(line.discount)) ||
  (line.sku !== '' && !/^[1-9]\d*$/.test(line.quantity)) ||
  (line.sku === '' && line.quantity !== '' && !/^[1-9]\d*$/.test(line.quantity));

/** Whether lines that belong together contradict each other. */
const differ = (lines: readonly ModelConversion[], of: (line: ModelConversion) => unknown): boolean =>
  new Set(lines.map(of).filter((value) => value !== '')).size > 1;

const told = (lines: readonly ModelConversion[], of: (line: ModelConversion) => string): string =>
  lines.map(of).find((value) => value !== '') ?? '';

const totalOf = (lines: readonly ModelConversion[]): number =>
  lines.reduce((sum, { amount }) => sum + cents(amount), 0) - cents(told(lines, ({ discount }) => discount));

const outcomeOf = (lines: readonly ModelConversion[], taken: boolean, apart: boolean): string => {
  const [first] = lines as [ModelConversion];
  const media = told(lines, (line) => line.media);
  const contradict = [
    (line: ModelConversion) => line.campaign,
    (line: ModelConversion) => line.tracker === '4521',
    (line: ModelConversion) => line.age,
    (line: ModelConversion) => line.media,
    (line: ModelConversion) => (line.discount === '' ? '' : cents(line.discount)),
  ].some((of) => differ(lines, of));
  if (apart || lines.some(isBroken) || contradict || totalOf(lines) < 0) return 'CONV_MALFORMED';
  if (first.campaign !== '1000') return 'CAMPAIGN_NOT_FOUND';
  if (first.tracker !== '4521') return 'ACTIONTRACKER_NOT_FOUND';
  if (Number(first.age) > (media === '' ? 88 : 398)) return 'TOO_OLD';
  if (media !== '' && active[media] === undefined) return 'PARTNER_NOT_ACTIVE';
  if (taken) return 'DUPLICATE';
  return media === '' ? 'ACTION_REF_NOT_FOUND' : 'CREATED';
};

/** The outcome of each line of a file; adds to `orders` what it creates. */
export const conversionOutcomes = (orders: Map<string, ModelCreated>, lines: readonly ModelConversion[]): string[] => {
  const outcomes: string[] = [];
  const named = new Set<string>();
  for (let from = 0; from < lines.length;) {
    const { orderId, sku, media } = lines[from] as ModelConversion;
    let to = from + 1;
    while (sku !== '' && lines[to]?.orderId === orderId && lines[to]?.sku !== '') to++;
    const group = lines.slice(from, to);
    const outcome = outcomeOf(group, orders.has(orderId), sku !== '' && named.has(orderId));
    if (outcome === 'CREATED') {
      const partner = active[told(group, (line) => line.media)] ?? media;
      orders.set(orderId, { amount: totalOf(group), partner, items: sku === '' ? 0 : group.length, line: from + 2 });
    }
    named.add(orderId);
    outcomes.push(...group.map(() => outcome));
    from = to;
  }
  return outcomes;
};

/** The file's text; `at` is the instant from which the ages count. */
export const conversionFile = (lines: readonly ModelConversion[], at: number): string =>
  [
    'CampaignId,ActionTrackerId,EventDate,OrderId,MediaPartnerId,Amount,Sku,Quantity,OrderDiscount',
    ...lines.map(({ campaign, tracker, age, orderId, media, amount, sku, quantity, discount }) => {
      const date = typeof age === 'string' ? age : new Date(at - age * day).toISOString();
      return [campaign, tracker, date, orderId, media, amount, sku, quantity, discount].join(',');
    }),
    '',
  ].join('\n');
