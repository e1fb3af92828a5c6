/** How much there is to page through. */
export const size = { orders: 1_000_000, submissions: 100_000, rows: 10, batches: 10_000, messages: 60_000 };

export const feedNames = Array.from({ length: 10 }, (_, i) => `feed-${i}`);

const day = 86_400_000;

/** Rows 1 to n, in order, in the words of both databases. */
const numbers = (n: number): string =>
  `with recursive c(i) as (select 1 union all select i + 1 from c where i < ${n}) `;

const orders = (now: number): string[] => [
  `insert into journal (transaction_id, change, at, amount, payout, status, customer_status, channel)
    ${numbers(size.orders)} select i, 'created', ${now} - ${60 * day} + cast(i as bigint) * 5000, 1000 + i % 100000,
    50 + i % 5000, 'PENDING', case i % 2 when 0 then 'NEW' else 'EXISTING' end, 'bench' from c order by i`,
  `insert into transactions (id, public_id, event_type, partner, order_id, event_date, locking_date, created_at, currency,
    amount, payout, status, quantity, customer_status, campaign, offer, click_id, email, first_name, last_name, country)
    select sequence, '1000.4521.' || sequence, 4521 + sequence % 2, 'partner-' || (sequence % 5), 'ORD-' || sequence, at,
    at + ${90 * day}, at, 'USD', amount, payout, 'PENDING', 1, customer_status, 'Spring Sale', 'Offer', 'C' || sequence,
    'customer' || sequence || '@example.com', 'Jean-Luc', 'O''Brien', 'DE' from journal order by sequence`,
];

const messages = (now: number): string =>
  `insert into messages (received_at, peer, helo, tls, envelope_from, spool, bytes, sha256, message_id, logged_at, evidence)
    ${numbers(size.messages)} select ${now} - ${60 * day} + cast(i as bigint) * 86000, '203.0.113.' || (i % 250),
    'mx.example', 'TLSv1.3', 'ops' || (i % 40) || '@brand.example', 'm' || i, 40000, 'm' || i, '<' || i || '@brand.example>',
    ${now}, '{"headerFrom":["ops@brand.example"],"spf":"pass","dkim":[],"dmarc":"pass","reasons":[]}' from c order by i`;

/** One in fifty is Failed, one in a thousand waits; six in ten came by mail. */
const submissions = (now: number): string =>
  `insert into submissions (event_type, channel, sender, message_id, recipient, part, file_name, spool, result_spool, bytes,
    sha256, check_only, status, type, error, received_at, completed_at, claim, position, reading, notes, outcomes, errors,
    reverses, modifies)
    ${numbers(size.submissions)} select 4521 + i % 2, case when i <= ${size.messages} then 'mail' else 'submit' end,
    'ops' || (i % 40) || '@brand.example', case when i <= ${size.messages} then i end, 'sale@submit.example.test', '1',
    'mods_' || i || '.csv', 's' || i, 'r' || i, 4000, 's' || i, i % 500 = 3,
    case when i % 50 = 1 then 'Failed' when i % 1000 = 7 then 'Held' else 'Complete' end, case i % 3 when 0 then 'Reversal' else
    'Modification' end, case when i % 50 = 1 then 'the column "Reason" is missing' end,
    ${now} - ${60 * day} + cast(i as bigint) * 51000, ${now} - ${60 * day} + cast(i as bigint) * 51000 + 4000, 1, ${size.rows},
    null, '[]', '{"MODIFIED":6,"NO_CHANGE":2,"ACTION_NOT_FOUND":2}', 2, i % 3 = 0, true from c order by i`;

const submissionRows = `insert into submission_rows (submission_id, number, line, order_id, outcome, message, hint)
    ${numbers(size.submissions * size.rows)} select (i - 1) / ${size.rows} + 1, (i - 1) % ${size.rows} + 1,
    (i - 1) % ${size.rows} + 2, 'ORD-' || i, case i % 5 when 0 then 'NO_CHANGE' when 1 then 'ACTION_NOT_FOUND' else
    'MODIFIED' end, case i % 5 when 1 then 'no order of that id' end, case i % 5 when 1 then 'look at the id' end from c order by i`;

const refused = (now: number): string =>
  `insert into refused_mail (at, last_at, times, peer, helo, envelope_from, recipient, reason, code) ${numbers(20_000)}
    select ${now} - cast(i as bigint) * 200000, ${now} - cast(i as bigint) * 200000, 1, '203.0.113.9', 'mx.example',
    'nobody@example.net', 'old@submit.example.test', 'no such address', 550 from c`;

const occurrences = (now: number): string =>
  `insert into occurrences (feed, due, kind, state, claim, claimed_at, outcome, finished_at) ${numbers(size.batches)}
    select 'feed-' || (i % 10), ${now} - (${size.batches} - i) / 10 * cast(${day / 20} as bigint) + i % 10, 'schedule', 'finished', 1,
    ${now}, 'frozen', ${now} from c order by i`;

const batches = (now: number): string =>
  `insert into batches (feed, kind, number, occurrence_id, from_sequence, to_sequence, lowest_sequence, row_count, members, include, selection,
    layout, file_name, spool, bytes, sha256, frozen_at) ${numbers(size.batches)}
    select 'feed-' || (i % 10), 'feed', (i - 1) / 10 + 1, i, (i - 1) / 10 * 1000, (i - 1) / 10 * 1000 + 1000, (i - 1) / 10 * 1000, 100 + i % 37, '100:1',
    'new', '{"partner":"partner-0","include":"new","selection":{},"from":0,"to":1}', '{"timezone":"UTC","columns":[]}',
    'feed-' || (i % 10) || '_' || i || '.csv', 'b' || i, 20000, 'b' || i,
    ${now} - (${size.batches} - i) / 10 * cast(${day / 20} as bigint) from c order by i`;

const deliveries = (now: number): string[] => [
  `insert into deliveries (batch_id, feed, drop_name, ordering, state, attempts, claim, created_at, next_attempt_at, started_at,
    delivered_at, seen, error, hint, error_code)
    select id, feed, 'drop', 'free', case when id % 400 = 0 then 'held' else 'delivered' end, 1, 1, frozen_at, frozen_at, frozen_at,
    case when id % 400 = 0 then null else frozen_at + 1000 end, 'size', case when id % 400 = 0 then 'the disk is full' end,
    case when id % 400 = 0 then 'make room' end, case when id % 400 = 0 then 'full' end from batches`,
  `insert into attempts (delivery_id, number, place, file_name, partial_name, phase, started_at, ended_at, outcome)
    select id, 1, 'file:///drop', 'f', 'p', 'confirmed', ${now}, ${now}, 'delivered' from deliveries`,
];

const histories = (now: number): string =>
  `insert into feeds (name, partner, include, selection, started_from, watermark, number, known_since)
    select feed, 'partner-' || (cast(substr(feed, 6, 1) as integer) % 5), 'new', '{}', 0, ${size.orders - 20_000}, max(number), ${now} from batches group by feed`;

const audit = (now: number): string =>
  `insert into audit (at, who_kind, who, action, object, outcome, peer) ${numbers(50_000)}
    select ${now} - cast(i as bigint) * 60000, 'person', 'ops' || (i % 9), 'submissions.download', 'submission ' || i, 'done',
    '198.51.100.1' from c`;

/** A year of a busy house, by plain SQL that both databases take. */
export const houseSql = (now: number): string[] => [
  ...orders(now),
  messages(now),
  submissions(now),
  submissionRows,
  refused(now),
  occurrences(now),
  batches(now),
  ...deliveries(now),
  histories(now),
  audit(now),
];
