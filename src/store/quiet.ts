const silent = (): void => undefined;

/** For knex: it says nothing on stdout by itself, and puts no bound values (personal data) into the text of an error. */
export const quiet = {
  log: { warn: silent, error: silent, deprecate: silent, debug: silent },
  compileSqlOnError: false,
};
