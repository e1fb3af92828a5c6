/**
 * The columns of a transaction: their name in ledger files and layouts, their column in the database, and what kind of
 * value they hold. Adding one: a line here, a migration.
 */
export type FieldKind = 'text' | 'phone' | 'integer' | 'amount' | 'instant';

export interface Field {
  name: string;
  column: string;
  kind: FieldKind;
  /** Whether `ledger add` reads it from a file; the others are made by the ledger. */
  inFile: boolean;
}

const inFile = (name: string, column: string, kind: FieldKind = 'text'): Field => ({
  name,
  column,
  kind,
  inFile: true,
});
const made = (name: string, column: string, kind: FieldKind = 'text'): Field => ({ name, column, kind, inFile: false });

/** In the order in which `ledger sample` and the documentation list them. */
export const fields: readonly Field[] = [
  inFile('transactionId', 'public_id'),
  inFile('eventTypeId', 'event_type', 'integer'),
  inFile('partner', 'partner'),
  inFile('orderId', 'order_id'),
  inFile('eventDate', 'event_date', 'instant'),
  inFile('amount', 'amount', 'amount'),
  inFile('currency', 'currency'),
  inFile('payout', 'payout', 'amount'),
  inFile('quantity', 'quantity', 'integer'),
  inFile('customerStatus', 'customer_status'),
  inFile('campaign', 'campaign'),
  inFile('offer', 'offer'),
  inFile('creative', 'creative'),
  inFile('audience', 'audience'),
  inFile('promoCode', 'promo_code'),
  inFile('clickId', 'click_id'),
  inFile('trackingId', 'tracking_id'),
  inFile('email', 'email'),
  inFile('firstName', 'first_name'),
  inFile('lastName', 'last_name'),
  inFile('mobile', 'mobile', 'phone'),
  inFile('country', 'country'),
  inFile('state', 'region'),
  inFile('city', 'city'),
  inFile('postcode', 'postcode'),
  inFile('address1', 'address1'),
  inFile('address2', 'address2'),
  inFile('gender', 'gender'),
  inFile('age', 'age'),
  inFile('birthDate', 'birth_date'),
  inFile('language', 'language'),
  inFile('paymentType', 'payment_type'),
  inFile('confirmationRef', 'confirmation_ref'),
  inFile('conversionType', 'conversion_type'),
  inFile('customerId', 'customer_id'),
  made('status', 'status'),
  made('lockingDate', 'locking_date', 'instant'),
  made('createdAt', 'created_at', 'instant'),
];

/** By public name, exact case. */
export const fieldNamed = (name: string): Field | undefined => fields.find((field) => field.name === name);
