/** When something is due: a cron expression of five fields, read on the wall clock of an IANA zone. */
export interface Schedule {
  cron: string;
  timezone: string;
}
