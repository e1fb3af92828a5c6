import type { Parameter } from '../../store/reader.ts';
import { type MemberRule, memberCondition, sequenceColumn, sourceTables } from './selection.ts';
import { frameCondition, type TimeFrame } from './time-frame.ts';

/** A statement over the members of a batch within `(from, to]`, written with `?`. */
export interface MemberQuery {
  sql: string;
  parameters(from: number, to: number): Parameter[];
}

interface Shape {
  expressions: string[];
  frame?: TimeFrame | undefined;
}

/** The members one by one, in the order of the journal. */
export const memberRows = (rule: MemberRule, { expressions, frame }: Shape): MemberQuery => {
  const query = members(rule, frame, expressions.join(', '));
  return { ...query, sql: `${query.sql} order by ${sequenceColumn(rule.include)}` };
};

/** One aggregate over the members, e.g. `count(*)`. */
export const memberAggregate = (
  rule: MemberRule,
  select: string,
  { frame, groupBy }: { frame?: TimeFrame | undefined; groupBy?: string } = {},
): MemberQuery => {
  const query = members(rule, frame, select);
  return groupBy === undefined ? query : { ...query, sql: `${query.sql} group by ${groupBy} order by ${groupBy}` };
};

const members = (rule: MemberRule, frame: TimeFrame | undefined, select: string): MemberQuery => {
  const sequence = sequenceColumn(rule.include);
  const { sql, parameters } = memberCondition(rule);
  const bounds = frame && frameCondition(frame, rule.include);
  const where = `${sequence} > ? and ${sequence} <= ? and ${sql}${bounds ? ` and ${bounds.sql}` : ''}`;
  return {
    sql: `select ${select} from ${sourceTables(rule.include)} where ${where}`,
    parameters: (from, to) => [from, to, ...parameters, ...(bounds?.parameters ?? [])],
  };
};
