// The card form in its frame: formats while typing, says what is wrong, and asks the API itself, so that
// no number leaves the frame.
const SETTINGS = JSON.parse(decodeURIComponent(window.location.hash.slice(1)) || '{}');
const FIELDS = ['number', 'expiry', 'cvc'];
const at = (id) => document.getElementById(id);
const digits = (text) => text.replace(/\D/g, '');
let words = sentences(SETTINGS.locale);

function post(message) {
  window.parent.postMessage({ sandbox: SETTINGS.id, ...message }, SETTINGS.origin);
}

// --- what is typed -----------------------------------------------------------------------------------

const BRANDS = [
  ['amex', /^3[47]/, [15], 4], ['mastercard', /^(5[1-5]|2[2-7])/, [16], 3], ['diners', /^3(0|6|8)/, [14, 16], 3],
  ['discover', /^6(011|5)/, [16], 3], ['jcb', /^35/, [16], 3], ['unionpay', /^62/, [16, 19], 3], ['visa', /^4/, [16], 3],
];

function brandOf(number) {
  const [name, , lengths, cvc] = BRANDS.find(([, begins]) => begins.test(number)) || ['', null, [16], 3];
  return { name, lengths, cvc };
}

function grouped(number) {
  const { name } = brandOf(number);
  const sizes = name === 'amex' ? [4, 6, 5] : [4, 4, 4, 4, 3];
  const parts = [];
  let from = 0;
  for (const size of sizes) {
    if (from < number.length) parts.push(number.slice(from, from + size));
    from += size;
  }
  return parts.join(' ');
}

function luhn(number) {
  const sum = [...number].reverse().reduce((total, sign, place) => {
    const value = Number(sign) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

function formatExpiry(text, deleting) {
  let all = digits(text);
  if (/^[2-9]/.test(all)) all = `0${all}`;
  if (/^\d\s*\//.test(text) && all.length === 1) all = `0${all}`;
  // A browser may fill in 12/2034.
  if (all.length === 6) all = all.slice(0, 2) + all.slice(4);
  all = all.slice(0, 4);
  if (all.length < 2 || (deleting && all.length === 2)) return all;
  return `${all.slice(0, 2)} / ${all.slice(2)}`;
}

// Puts a formatted text into a field and the caret behind the digit that it was behind.
function show(input, text) {
  if (input.value === text) return;
  const before = digits(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
  const atEnd = input.selectionStart === input.value.length;
  input.value = text;
  if (atEnd || document.activeElement !== input) return;
  let place = 0;
  for (let seen = 0; seen < before && place < text.length; place += 1) if (/\d/.test(text[place])) seen += 1;
  input.setSelectionRange(place, place);
}

function format(id, deleting) {
  const input = at(id);
  if (id === 'number') {
    const number = digits(input.value);
    const brand = brandOf(number);
    show(input, grouped(number.slice(0, Math.max(...brand.lengths))));
    at('brand').textContent = brand.name;
    at('cvc').maxLength = brand.cvc;
  } else if (id === 'expiry') {
    show(input, formatExpiry(input.value, deleting));
  } else {
    show(input, digits(input.value).slice(0, brandOf(digits(at('number').value)).cvc));
  }
}

// --- what is wrong -----------------------------------------------------------------------------------

// The code of what is wrong with a field, or nothing.
function problem(id) {
  const value = digits(at(id).value);
  const brand = brandOf(digits(at('number').value));
  if (id === 'number') {
    if (!brand.lengths.includes(value.length)) return 'incomplete_number';
    return luhn(value) ? '' : 'invalid_number';
  }
  if (id === 'cvc') return value.length === brand.cvc ? '' : 'incomplete_cvc';
  if (value.length < 4 || Number(value.slice(0, 2)) > 12 || value.startsWith('00')) return 'incomplete_expiry';
  const now = new Date(Number(document.body.dataset.now) * 1000);
  const [month, year] = [Number(value.slice(0, 2)), 2000 + Number(value.slice(2))];
  if (year < now.getUTCFullYear()) return 'invalid_expiry_year_past';
  return year === now.getUTCFullYear() && month < now.getUTCMonth() + 1 ? 'invalid_expiry_month_past' : '';
}

const shown = {};

function say(id, code, sentence) {
  shown[id] = code;
  const message = code ? sentence || words[code] : '';
  if (at(`${id}-error`).textContent !== message) at(`${id}-error`).textContent = message;
  at(id).setAttribute('aria-invalid', String(Boolean(code)));
  resize();
}

function change() {
  const empty = FIELDS.every((id) => at(id).value === '');
  const complete = FIELDS.every((id) => problem(id) === '');
  post({ type: 'change', detail: { complete, empty, collapsed: false, value: { type: 'card' } } });
}

function validate() {
  const wrong = FIELDS.filter((id) => {
    say(id, problem(id));
    return shown[id];
  });
  if (!wrong.length) return {};
  at(wrong[0]).focus();
  return { error: { type: 'validation_error', code: shown[wrong[0]], message: words[shown[wrong[0]]] } };
}

// --- what the page asks ------------------------------------------------------------------------------

const FIELD_OF = {
  incorrect_number: 'number', incorrect_cvc: 'cvc', invalid_cvc: 'cvc', invalid_expiry_month: 'expiry',
  invalid_expiry_year: 'expiry', expired_card: 'expiry',
};

async function confirm({ path, params }) {
  const invalid = validate();
  if (invalid.error) return invalid;
  const expiry = digits(at('expiry').value);
  const body = new URLSearchParams({
    ...params, key: SETTINGS.key, 'payment_method_data[type]': 'card',
    'payment_method_data[card][number]': digits(at('number').value),
    'payment_method_data[card][exp_month]': String(Number(expiry.slice(0, 2))),
    'payment_method_data[card][exp_year]': `20${expiry.slice(2)}`,
    'payment_method_data[card][cvc]': digits(at('cvc').value),
  });
  try {
    const answer = await (await fetch(`/v1/${path}`, { method: 'POST', body })).json();
    if (!answer.error) return { intent: answer };
    const error = translated(answer.error, SETTINGS.locale);
    const field = FIELD_OF[error.code];
    if (field) say(field, error.code, error.message);
    return { error };
  } catch {
    return { error: { type: 'api_connection_error', message: words.unreachable } };
  }
}

function clear() {
  for (const id of FIELDS) {
    at(id).value = '';
    say(id, '');
  }
  at('brand').textContent = '';
  change();
  return {};
}

const ACTIONS = {
  submit: validate,
  confirm,
  clear,
  focus: () => (at('number').focus(), {}),
  blur: () => (document.activeElement?.blur(), {}),
  appearance: ({ appearance, locale }) => {
    SETTINGS.locale = locale;
    dress(appearance);
    label();
    return {};
  },
};

window.addEventListener('message', async ({ source, origin, data }) => {
  if (source !== window.parent || origin !== SETTINGS.origin || data?.sandbox !== SETTINGS.id) return;
  const result = await ACTIONS[data.action]?.(data.params);
  post({ call: data.call, result });
});

// --- how it looks ------------------------------------------------------------------------------------

const NIGHT = {
  colorBackground: '#1f2430', colorText: '#f4f5f7', colorTextSecondary: '#a9b0bd', colorDanger: '#ff8fa3',
  colorPrimary: '#85b7ff', colorBorder: '#7b8495',
};

function dress(appearance = {}) {
  const night = appearance.theme === 'night';
  const style = document.documentElement.style;
  style.colorScheme = night ? 'dark' : 'light';
  // Light text on a ground that is not known may not be readable: a dark form brings its own.
  style.background = night ? 'var(--colorBackground)' : 'transparent';
  const variables = { ...(night ? NIGHT : {}), ...appearance.variables };
  for (const [name, value] of Object.entries(variables)) style.setProperty(`--${name}`, value);
  resize();
}

function label() {
  words = sentences(SETTINGS.locale);
  document.documentElement.lang = words === MESSAGES.fr ? 'fr' : 'en';
  document.title = words.form;
  at('form').setAttribute('aria-label', words.form);
  for (const id of FIELDS) {
    document.querySelector(`label[for=${id}]`).textContent = words[id];
    if (shown[id] && words[shown[id]]) at(`${id}-error`).textContent = words[shown[id]];
  }
  at('expiry').placeholder = words.expiryHint;
}

function resize() {
  post({ type: 'resize', detail: { height: Math.ceil(document.body.getBoundingClientRect().height) } });
}

for (const id of FIELDS) {
  at(id).addEventListener('input', (event) => {
    format(id, event.inputType?.startsWith('delete'));
    // A message goes as soon as it is no longer true; a new one comes when the field is left.
    if (shown[id] && shown[id] !== problem(id)) say(id, '');
    change();
  });
  at(id).addEventListener('blur', () => {
    post({ type: 'blur', detail: {} });
    if (at(id).value) say(id, problem(id));
  });
  at(id).addEventListener('focus', () => post({ type: 'focus', detail: {} }));
  at(id).addEventListener('keydown', (event) => {
    if (event.key === 'Escape') post({ type: 'escape', detail: {} });
  });
}
at('form').addEventListener('submit', (event) => event.preventDefault());
label();
dress(SETTINGS.appearance);
new ResizeObserver(resize).observe(document.body);
post({ type: 'ready', detail: {} });
