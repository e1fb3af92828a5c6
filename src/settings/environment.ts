/** The environment of this process. The only place that reads it; everything else receives values. */
export const processEnvironment = (): Readonly<Record<string, string | undefined>> => process.env;
