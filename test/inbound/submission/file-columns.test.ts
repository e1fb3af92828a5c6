import { describe, expect, test } from 'vitest';
import { readEventDate } from '../../../src/inbound/submission/event-date.ts';
import { isConversionFile, kindOfFile, readFileColumns } from '../../../src/inbound/submission/file-columns.ts';

const cells = (header: string): string[] => header.split(',');

describe('the header decides what a file asks for', () => {
  test.each([
    ['ActionId,Amount,Reason', 'modification'],
    ['OrderId,ActionTrackerId,Amount,Reason', 'modification'],
    ['ActionId,EventDate,Amount,Reason', 'modification'],
    ['CampaignId,OrderId,ActionTrackerId,Amount,Reason', 'modification'],
    ['CampaignId,OrderId,ActionTrackerId,DispositionCode', 'modification'],
    ['CampaignId,ActionTrackerId,EventDate,OrderId', 'conversion'],
    ['CampaignId,ActionTrackerId, event date ,OrderId,DispositionCode', 'conversion'],
    ['CampaignId,ActionTrackerId,OrderId,Amount', 'conversion'],
    ['OrderId,Click Id', 'conversion'],
    ['OrderId,Amount', 'modification'],
  ])('%s: %s', (header, kind) => {
    expect(kindOfFile(cells(header))).toBe(kind);
  });

  test('what may be either is refused', () => {
    expect(() => kindOfFile(cells('OrderId,ActionTrackerId,EventDate,Amount,Reason'))).toThrow(
      'it has both EventDate, which new orders have, and Reason, which changes have',
    );
  });

  const whole = 'CampaignId,ActionTrackerId,EventDate,OrderId';
  test.each([
    ['CampaignId,OrderId,ClickId', 'it lacks EventDate'],
    ['ActionTrackerId,EventDate', 'it lacks CampaignId and OrderId'],
    ['CampaignId,EventDate,OrderId', 'it lacks ActionTrackerId (or EventTypeCode)'],
    [`${whole},Oid`, 'the columns OrderId and Oid mean the same'],
    [`${whole},MediaId,Media Partner Id`, 'mean the same'],
    [`${whole},Note,NOTE`, 'the column NOTE is there twice'],
    [`${whole},Sku,Amount`, 'it lacks Quantity'],
    [`${whole},Sku,Quantity`, 'it lacks Amount or ItemPrice or ItemSubtotal'],
    [`${whole},ItemPrice`, 'it has ItemPrice and lacks Sku'],
    [`${whole},Sku1,Quantity1,Amount1`, 'it has Sku1'],
  ])('%s is refused: %s', (header, reason) => {
    expect(() => readFileColumns(cells(header))).toThrow(reason);
  });

  test('columns of a conversion file: those with a rule, fields of a transaction, and attributes in order', () => {
    const { columns, notes } = readFileColumns(
      cells(`oid,PROGRAMID,eventtypeid,EventDate,Zeta,Country,EventCode,Alpha,Line,Hint`),
    );
    if (!isConversionFile(columns)) throw new Error('no conversion file');
    expect(columns.places).toEqual({ OrderId: 0, CampaignId: 1, ActionTrackerId: 2, EventDate: 3 });
    expect(columns.texts).toEqual({ country: 5, conversionType: 6 });
    expect(columns.custom).toEqual([
      { name: 'Alpha', place: 7 },
      { name: 'Zeta', place: 4 },
    ]);
    expect(notes).toEqual(['There is no column of amounts: what is created is worth 0.']);
  });

  test('that a disposition code sets no state is noted', () => {
    expect(readFileColumns(cells(`${whole},Amount,DispositionCode`)).notes).toEqual([
      'DispositionCode is kept as an attribute and sets no state; send a modification for that.',
    ]);
  });
});

describe('an event date', () => {
  const zone = 'America/New_York';
  const iso = (text: string): string | null | undefined => {
    const reading = readEventDate(text, zone);
    if (!('value' in reading)) return undefined;
    return reading.value === null ? null : new Date(reading.value).toISOString();
  };

  test.each([
    ['2026-01-31T14:00:00Z', '2026-01-31T14:00:00.000Z'],
    ['2026-01-31 14:00:00+02:00', '2026-01-31T12:00:00.000Z'],
    ['2026-07-01T12:00', '2026-07-01T16:00:00.000Z'],
    ['2026-03-08T02:30:00', '2026-03-08T07:00:00.000Z'], // not there: the first instant after the gap
    ['2026-11-01 01:30:00.250', '2026-11-01T05:30:00.250Z'], // twice: the earlier
    ['now', null],
  ])('%s is %s', (text, at) => {
    expect(iso(text)).toBe(at);
  });

  test.each([
    '',
    '2026-01-31',
    '31/01/2026 14:00',
    '2026-02-30T10:00:00',
    '1/31/26',
    '46053.58',
    '2026-01-31T14:00:00ZZ',
  ])('"%s" is refused', (text) => {
    expect(iso(text)).toBeUndefined();
  });
});
