// Permission by oidc-provider with its own pages for signing in and consenting, over tokens that tests can end.
import { Provider } from 'oidc-provider';

export function permission(issuer, wayBack, scopes, { routes = {}, rotate = false, revocable = ['AccessToken', 'RefreshToken'] } = {}) {
  const allowedPolicy = (_, client, token) => token.clientId === client.clientId && revocable.includes(token.kind);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'lectern',
        client_secret: 'geheim',
        redirect_uris: [wayBack],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    scopes,
    routes,
    cookies: { keys: ['of tests'] },
    features: { devInteractions: { enabled: true }, revocation: { enabled: true, allowedPolicy } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    rotateRefreshToken: rotate,
    ttl: { AccessToken: 3600, AuthorizationCode: 60, RefreshToken: 86400, Grant: 86400, Interaction: 600, Session: 600 },
  });

  // Every token that is alive.
  const tokens = new Map();
  for (const kind of ['access_token', 'refresh_token']) {
    provider.on(`${kind}.saved`, (token) => tokens.set(token.jti, token));
    provider.on(`${kind}.destroyed`, (token) => tokens.delete(token.jti));
  }
  provider.on('grant.revoked', (_, grant) => {
    for (const [id, token] of tokens) if (token.grantId === grant) tokens.delete(id);
  });
  let renewals = 0;
  provider.on('grant.success', (ctx) => (renewals += ctx.oidc.params.grant_type === 'refresh_token' ? 1 : 0));

  const end = (these) => Promise.all(these.map((token) => token.destroy()));
  return {
    pages: provider.callback(),
    count: () => ({ renewals, tokens: tokens.size }),
    // As an owner withdraws a permission in the settings of an account.
    withdraw: () => end([...tokens.values()]),
    expire: () => end([...tokens.values()].filter((token) => token.kind === 'AccessToken')),
    // Who asks, and what a token permits; null for none that is alive.
    async bearer(request) {
      const [, token] = (request.headers.authorization ?? '').split(' ');
      const found = token && (await provider.AccessToken.find(token));
      return found?.isValid ? { account: found.accountId, scopes: found.scopes } : null;
    },
  };
}
