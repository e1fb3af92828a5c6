/** Made-up people, places and goods for `ledger sample`; none of them is anybody. Some are awkward on purpose. */
export const firstNames = [
  'Anna',
  'Ben',
  'Chloé',
  'Diego',
  'Emīlija',
  'Farid',
  'Grace',
  'Hiroshi',
  'Ingrid',
  'João',
  'Kateřina',
  'Liam',
  'Mei',
  'Noah',
  'Olga',
  'Priya',
  'Søren',
  'Tariq',
  'Uma',
  '小明',
  'Zoë',
];
export const lastNames = [
  'Andersson',
  'Bauer',
  "O'Brien",
  'Castro',
  'Dubois',
  'Evans',
  'Fischer',
  'García',
  'Hansen',
  'Ivanov',
  'Jones',
  'Kim',
  'López',
  'Müller',
  'Nguyen',
  'Öztürk',
  'Patel',
  'Quinn',
  'van der Berg',
  'Smith, Jr.',
  '王',
  'Müller-Lüdenscheidt',
];
/** Country, state, city, postcode, dialling code, language. Postcodes with leading zeros are meant. */
export const places = [
  ['US', 'NY', 'New York', '10001', '+1212555', 'en'],
  ['US', 'MA', 'Boston', '02108', '+1617555', 'en'],
  ['US', 'DC', 'Washington, DC', '20001', '+1202555', 'en'],
  ['DE', 'BE', 'Berlin', '10115', '+4930555', 'de'],
  ['DE', 'SN', 'Görlitz', '02826', '+493581', 'de'],
  ['FR', 'IDF', 'Paris', '75001', '+331555', 'fr'],
  ['GB', 'ENG', 'London', 'EC1A 1BB', '+4420555', 'en'],
  ['ES', 'MD', 'Madrid', '28001', '+3491555', 'es'],
  ['BR', 'SP', 'São Paulo', '01000-000', '+551155', 'pt'],
  ['JP', '13', '東京', '100-0001', '+813555', 'ja'],
  ['AU', 'NSW', 'Sydney', '2000', '+612555', 'en'],
  ['IE', '', 'Dublin', '', '+353155', 'en'],
] as const;
export const streets = [
  'Main Street',
  'Lindenstraße',
  'Rue de la Paix',
  'High Street',
  'Calle Mayor',
  'Station Road',
  "King's Road",
  'Avenida "Central"',
  'Elm Grove',
];
export const secondAddresses = [
  'Apartment 4',
  'c/o "Reception"',
  'Floor 2, Door 7',
  'Back building\nring twice',
  '3. OG links',
];
export const campaigns = ['spring-sale', 'back-to-school', 'brand', 'loyalty', 'Summer, Sun & Sea', 'black-friday'];
export const offers = ['10% off', 'Free shipping', 'Gift with "Premium"', '2 for 1', 'Members only'];
export const creatives = ['banner-728x90', 'video-15s', 'text-link', 'story', 'email-header'];
export const promoCodes = ['WELCOME10', 'SPRING-26', 'FREESHIP', '007007', 'VIP'];
export const paymentTypes = ['credit card', 'invoice', 'paypal', 'bank transfer', 'gift card'];
export const conversionTypes = ['purchase', 'signup', 'booking', 'renewal'];
export const genders = ['M', 'F', 'Male', 'Female', 'X'];
export const stores = ['web', 'app', 'shop 12', 'call centre'];
export const notes = [
  'first order',
  'called "back" twice',
  'please, no gift wrap',
  'line one\nline two',
  'naïve café ☕',
];
export const categories = ['shoes', 'toys', 'Home & Garden', 'books', 'travel', 'electronics'];
