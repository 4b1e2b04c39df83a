// The part of Stripe.js that the sandbox gives to a page. Card numbers are typed into a frame of the
// sandbox's own and never reach the page.
const SCRIPT = document.currentScript || document.querySelector('script[src$="/v3/"], script[src$="/v3"]');
const BASE = new URL(SCRIPT.src).origin;
const KINDS = {
  payment: { path: 'payment_intents', result: 'paymentIntent', error: 'last_payment_error', inError: 'payment_intent' },
  setup: { path: 'setup_intents', result: 'setupIntent', error: 'last_setup_error', inError: 'setup_intent' },
};

const kindOf = (secret) => (secret.startsWith('seti_') ? KINDS.setup : KINDS.payment);
const idOf = (secret) => secret.split('_secret_')[0];

function failure(message, code, type = 'validation_error') {
  return { error: { type, code, message } };
}

// Asks the API with the publishable key. Answers `{ intent }` or `{ error }`.
async function ask(key, locale, method, path, params) {
  const body = new URLSearchParams({ key, ...params });
  const url = `${BASE}/v1/${path}`;
  try {
    const response = method === 'GET' ? await fetch(`${url}?${body}`) : await fetch(url, { method, body });
    const answer = await response.json();
    return answer.error ? { error: translated(answer.error, locale) } : { intent: answer };
  } catch {
    return failure(sentences(locale).unreachable, undefined, 'api_connection_error');
  }
}

// `{a: {b: 1}}` as `a[b]=1`.
function flatten(value, name = '', into = {}) {
  if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) flatten(inner, name ? `${name}[${key}]` : key, into);
  } else if (value !== undefined && value !== null) {
    into[name] = String(value);
  }
  return into;
}

function styled(tag, style, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.style, style);
  return element;
}

// Shows the bank's page in a dialog and waits until it was answered or closed.
function challenge(url, locale) {
  const words = sentences(locale);
  const address = new URL(url);
  address.searchParams.set('embedded', 'true');
  address.searchParams.set('locale', words === MESSAGES.fr ? 'fr' : 'en');
  const dialog = styled('dialog', {
    border: '0', padding: '0', width: '100vw', height: '100vh', maxWidth: '100vw', maxHeight: '100vh', margin: '0',
    background: 'rgba(15, 23, 42, 0.6)', boxSizing: 'border-box',
  });
  dialog.setAttribute('aria-label', words.dialog);
  const box = styled('div', {
    boxSizing: 'border-box', width: 'min(26rem, calc(100vw - 1rem))', margin: '8vh auto 0', background: '#fff',
    borderRadius: '8px', overflow: 'hidden', display: 'flex', flexDirection: 'column',
  });
  const close = styled('button', {
    alignSelf: 'flex-end', minHeight: '44px', minWidth: '44px', margin: '4px', padding: '0 12px', border: '0',
    background: 'transparent', color: '#0f172a', font: '16px system-ui, sans-serif', cursor: 'pointer',
  }, { type: 'button', textContent: words.close });
  const frame = styled('iframe', { border: '0', width: '100%', height: '20rem' }, { title: words.dialog, src: address.href });
  box.append(frame, close);
  dialog.append(box);
  return new Promise((resolve) => {
    const end = () => {
      window.removeEventListener('message', told);
      dialog.remove();
      resolve();
    };
    const told = (event) => {
      if (event.source === frame.contentWindow && event.origin === BASE && event.data?.sandbox === 'answered') end();
    };
    const refuse = async (event) => {
      event.preventDefault();
      const body = new URLSearchParams({ outcome: 'close' });
      await fetch(address, { method: 'POST', mode: 'no-cors', body }).catch(() => {});
      end();
    };
    window.addEventListener('message', told);
    dialog.addEventListener('cancel', refuse);
    close.addEventListener('click', refuse);
    document.body.append(dialog);
    dialog.showModal();
    frame.focus();
  });
}

// A frame is transparent only where its scheme is that of the page inside it.
const schemeOf = (appearance) => (appearance?.theme === 'night' ? 'dark' : 'light');

let frames = 0;

// The Payment Element: a frame, and what it tells.
class PaymentElement {
  constructor(key, group, options) {
    this.id = `sandbox-element-${(frames += 1)}`;
    this.key = key;
    this.group = group;
    this.options = options || {};
    this.listeners = {};
    this.pending = new Map();
    this.told = (event) => this.hear(event);
  }

  mount(target) {
    const host = typeof target === 'string' ? document.querySelector(target) : target;
    if (!host) throw new Error(`The element you tried to mount to does not exist: ${target}`);
    this.unmount();
    const { locale, appearance } = this.group.options;
    const settings = { id: this.id, key: this.key, locale, appearance, origin: window.location.origin };
    this.frame = styled('iframe', { border: '0', width: '100%', height: '240px', display: 'block', colorScheme: schemeOf(appearance) }, {
      title: sentences(locale).frame, name: this.id,
      src: `${BASE}/v3/element#${encodeURIComponent(JSON.stringify(settings))}`,
    });
    window.addEventListener('message', this.told);
    host.replaceChildren(this.frame);
    return this;
  }

  unmount() {
    window.removeEventListener('message', this.told);
    this.frame?.remove();
    this.frame = undefined;
    return this;
  }

  destroy() {
    this.unmount();
    this.group.elements.delete('payment');
  }

  on(name, handler) {
    (this.listeners[name] ||= new Set()).add(handler);
    return this;
  }

  off(name, handler) {
    if (handler) this.listeners[name]?.delete(handler);
    else delete this.listeners[name];
    return this;
  }

  once(name, handler) {
    const first = (event) => {
      this.off(name, first);
      handler(event);
    };
    return this.on(name, first);
  }

  update(options) {
    Object.assign(this.options, options);
    return this;
  }

  focus() { this.tell('focus'); }
  blur() { this.tell('blur'); }
  clear() { this.tell('clear'); }
  collapse() {}

  // Sends a command to the frame and waits for its answer.
  tell(action, params = {}) {
    if (!this.frame) return Promise.resolve(failure('The Payment Element is not mounted.', undefined, 'invalid_request_error'));
    return new Promise((resolve) => {
      const call = Math.random().toString(36).slice(2);
      this.pending.set(call, resolve);
      this.frame.contentWindow.postMessage({ sandbox: this.id, call, action, params }, BASE);
    });
  }

  hear(event) {
    if (event.origin !== BASE || event.source !== this.frame?.contentWindow || event.data?.sandbox !== this.id) return;
    const { call, result, type, detail } = event.data;
    if (call) {
      this.pending.get(call)?.(result);
      this.pending.delete(call);
    } else if (type === 'resize') {
      this.frame.style.height = `${detail.height}px`;
    } else {
      for (const handler of this.listeners[type] || []) handler({ elementType: 'payment', ...detail });
    }
  }
}

// A group of elements that pay or set up one intent.
class Elements {
  constructor(key, options) {
    this.key = key;
    this.options = { ...options };
    this.elements = new Map();
  }

  create(type, options) {
    if (type !== 'payment') throw new Error(`The sandbox has the "payment" Element only, not "${type}".`);
    if (this.elements.has(type)) throw new Error(`Can only create one Element of type ${type} with the same Elements instance.`);
    const element = new PaymentElement(this.key, this, options);
    this.elements.set(type, element);
    return element;
  }

  getElement(type) {
    return this.elements.get(type) || null;
  }

  update(options) {
    Object.assign(this.options, options);
    const element = this.getElement('payment');
    if (!element?.frame) return;
    element.frame.style.colorScheme = schemeOf(this.options.appearance);
    element.tell('appearance', { appearance: this.options.appearance, locale: this.options.locale });
  }

  fetchUpdates() {
    return Promise.resolve({});
  }

  // Checks what was typed: `{}`, or `{ error }`.
  submit() {
    const element = this.getElement('payment');
    if (!element) return Promise.resolve(failure('No Payment Element was created.', undefined, 'invalid_request_error'));
    return element.tell('submit');
  }
}

class StripeSandbox {
  constructor(key, options) {
    if (!key) throw new Error('Please call Stripe() with your publishable key. You used an empty string.');
    if (!key.startsWith('pk_')) throw new Error('Please call Stripe() with your publishable key, which begins with pk_.');
    this.key = key;
    this.locale = options?.locale;
  }

  elements(options) {
    return new Elements(this.key, { locale: this.locale, ...options });
  }

  async retrieve(secret, kind) {
    const { intent, error } = await ask(this.key, this.locale, 'GET', `${kind.path}/${idOf(secret)}`, { client_secret: secret });
    return error ? { error } : { [kind.result]: intent };
  }

  retrievePaymentIntent(secret) { return this.retrieve(secret, KINDS.payment); }
  retrieveSetupIntent(secret) { return this.retrieve(secret, KINDS.setup); }
  confirmPayment(options) { return this.confirm(options, KINDS.payment); }
  confirmSetup(options) { return this.confirm(options, KINDS.setup); }

  async confirm({ elements, clientSecret, confirmParams = {}, redirect }, kind) {
    const secret = clientSecret || elements?.options.clientSecret;
    const locale = elements?.options.locale || this.locale;
    if (!secret) return failure('A client secret is needed.', undefined, 'invalid_request_error');
    if (!confirmParams.return_url && redirect !== 'if_required') {
      return failure('You must provide a return_url in confirmParams.', undefined, 'invalid_request_error');
    }
    const path = `${kind.path}/${idOf(secret)}/confirm`;
    const params = flatten({ ...confirmParams, client_secret: secret, use_stripe_sdk: true });
    const done = elements
      ? await elements.getElement('payment').tell('confirm', { path, params })
      : await ask(this.key, locale, 'POST', path, params);
    const settled = await this.settle(done, kind, secret, locale);
    if (!settled.error && redirect !== 'if_required') return this.leave(confirmParams.return_url, kind, secret, settled);
    return settled;
  }

  // Leads an intent that asks for its owner through the bank's page; then says how it stands.
  async settle({ intent, error }, kind, secret, locale) {
    if (error) return { error };
    if (intent.status === 'requires_action') {
      const next = intent.next_action;
      if (next.type === 'redirect_to_url') {
        window.location.assign(next.redirect_to_url.url);
        return new Promise(() => {});
      }
      await challenge(next.use_stripe_sdk.stripe_js, locale);
      const now = await this.retrieve(secret, kind);
      if (now.error) return now;
      return this.settle({ intent: now[kind.result] }, kind, secret, locale);
    }
    if (intent.status === 'requires_payment_method' && intent[kind.error]) {
      return { error: { ...translated(intent[kind.error], locale), [kind.inError]: intent } };
    }
    return { [kind.result]: intent };
  }

  leave(address, kind, secret, settled) {
    const url = new URL(address);
    const name = kind === KINDS.setup ? 'setup_intent' : 'payment_intent';
    url.searchParams.set(name, idOf(secret));
    url.searchParams.set(`${name}_client_secret`, secret);
    url.searchParams.set('redirect_status', settled[kind.result].status === 'processing' ? 'pending' : 'succeeded');
    window.location.assign(url);
    return new Promise(() => {});
  }

  async handleNextAction({ clientSecret }) {
    const kind = kindOf(clientSecret);
    const now = await this.retrieve(clientSecret, kind);
    if (now.error) return now;
    return this.settle({ intent: now[kind.result] }, kind, clientSecret, this.locale);
  }
}

window.Stripe = Object.assign((key, options) => new StripeSandbox(key, options), { version: 3 });
