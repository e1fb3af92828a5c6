import type { Knex } from 'knex';
import { isoInstant } from '../clock.ts';
import { type Alert, alertData, type Notice } from './alert.ts';
import { allAlerts, openAlerts } from './alerts.ts';
import { noticesOf } from './notices.ts';

const isoOrNull = (at: number | null): string | null => (at === null ? null : isoInstant(at));

const toldLine = ({ channel, toldAt, endedToldAt, lastError }: Notice) => ({
  channel,
  openedTold: isoOrNull(toldAt),
  endedTold: isoOrNull(endedToldAt),
  error: lastError,
});

/** An alert as lists show it, with who was told what. Instants in ISO 8601. */
export type AlertLine = ReturnType<typeof alertData> & { told: ReturnType<typeof toldLine>[] };

const toLine = (alert: Alert, notices: readonly Notice[]): AlertLine => ({
  ...alertData(alert),
  told: notices.filter(({ alertId }) => alertId === alert.id).map(toldLine),
});

/** The open alerts, or with `all` those that have ended too; oldest first. */
export const listAlerts = async (db: Knex, { all }: { all: boolean }): Promise<AlertLine[]> => {
  return alertLines(db, await (all ? allAlerts(db) : openAlerts(db)));
};

/** Alerts as lists show them. */
export const alertLines = async (db: Knex, alerts: readonly Alert[]): Promise<AlertLine[]> => {
  const notices = await noticesOf(
    db,
    alerts.map(({ id }) => id),
  );
  return alerts.map((alert) => toLine(alert, notices));
};
