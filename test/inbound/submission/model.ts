/**
 * A small model of what a file of order-level modifications does, written from the documentation and with none of the
 * product's code: the oracle of the property and the crash tests. Money in cents as numbers, which these tests keep small.
 */
export interface ModelOrder {
  amount: number;
  status: 'PENDING' | 'APPROVED' | 'REVERSED';
  created: number;
  locked: boolean;
  changes: number;
}

export interface ModelLine {
  orderId: string;
  /** As in the file: a decimal, or anything else. */
  amount: string;
  reason: string;
  tracker: string;
}

/** What an order pays: a tenth of its amount, halves to even; nothing once it is reversed. */
export const payoutOf = ({ amount, status }: ModelOrder): number => {
  if (status === 'REVERSED') return 0;
  const [tenth, rest] = [Math.floor(amount / 10), amount % 10];
  return rest > 5 || (rest === 5 && tenth % 2 === 1) ? tenth + 1 : tenth;
};

const standard = ['ORDER_UPDATE', 'OTHER'];
const own = ['DAMAGED', 'VALIDATED', 'SEEN'];

const cents = (text: string): number | undefined => {
  if (text === '') return undefined;
  const [whole = '', fraction = ''] = text.split('.');
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
};

const set = (order: ModelOrder, amount: number, status: ModelOrder['status']): void => {
  Object.assign(order, { amount, status, changes: order.changes + 1 });
};

/** Why nothing changes, in the order of the checks. */
const refusalOf = (line: ModelLine, order: ModelOrder | undefined): string | undefined => {
  const reset = line.reason === 'RESET';
  const checks: [string, () => boolean][] = [
    ['MALFORMED', () => line.amount !== '' && !/^\d+(\.\d{1,2})?$/.test(line.amount)],
    ['INVALID_ACTION_TRACKER', () => line.tracker !== '4521'],
    ['ACTION_NOT_FOUND', () => order === undefined],
    ['BAD_DISPOSITION', () => !reset && ![...standard, ...own].includes(line.reason)],
    ['ALREADY_REVERSED', () => !reset && order?.status === 'REVERSED'],
    ['ALREADY_LOCKED', () => order?.locked === true],
    ['ALREADY_APPROVED', () => !reset && order?.status === 'APPROVED'],
    ['MODIFICATION_LIMIT', () => (order?.changes ?? 0) >= 1000],
  ];
  return checks.find(([, holds]) => holds())?.[0];
};

const undo = (order: ModelOrder): string => {
  if (order.amount === order.created && order.status === 'PENDING') return 'NO_CHANGE';
  set(order, order.created, 'PENDING');
  return 'RESET';
};

const change = (order: ModelOrder, line: ModelLine): string => {
  const amount = cents(line.amount);
  if (line.reason === 'SEEN') return 'NO_CHANGE';
  if (line.reason === 'DAMAGED' || (amount === 0 && order.created !== 0)) {
    set(order, 0, 'REVERSED');
    return 'REVERSED';
  }
  const approved = line.reason === 'VALIDATED';
  if (!approved && (amount === undefined || amount === order.amount)) return 'NO_CHANGE';
  set(order, amount ?? order.amount, approved ? 'APPROVED' : 'PENDING');
  return approved ? 'APPROVED' : 'MODIFIED';
};

/** The outcome of one line; changes the order as the line does. */
export const outcomeIn = (orders: Map<string, ModelOrder>, line: ModelLine): string => {
  const order = orders.get(line.orderId);
  const refusal = refusalOf(line, order);
  if (refusal !== undefined || !order) return refusal ?? '';
  return line.reason === 'RESET' ? undo(order) : change(order, line);
};

export const applied = ['MODIFIED', 'REVERSED', 'APPROVED', 'RESET'];

export const modelFile = (lines: readonly ModelLine[]): string =>
  [
    'OrderId,ActionTrackerId,Amount,Reason',
    ...lines.map(({ orderId, tracker, amount, reason }) => `${orderId},${tracker},${amount},${reason}`),
    '',
  ].join('\n');
