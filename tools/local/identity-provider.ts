/** Starts the development identity provider (`identity-provider-main.ts`), with keys and secrets that DATA_DIR keeps. */
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { SCOPES } from '../../api/http/principal';
import type { Config } from '../../platform/config';
import { ConfigError } from '../../platform/config-error';
import { httpUrl } from '../../platform/http-url';
import { ROOT } from '../../platform/project-paths';
import { spawnServer, stopChild } from './child';
import type { IdentityProviderSettings } from './identity-provider-main';
import { keptSecret } from './kept-secret';
import { requireFreePort } from './preconditions';
import { step } from './progress.cjs';
import type { OnSpawned } from './servers';
import { StartError } from './start-error';
import { until } from './until';

const LOOPBACK = '127.0.0.1';
const AUDIENCE = 'urn:order-saga';
const READY = { everyMs: 100, withinMs: 30_000 };
/** 3 s: it has nothing to finish. */
const STOP_WITHIN_MS = 3_000;

/** What each client may do. A shopper's token also names its customer. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  store: SCOPES.filter((scope) => scope !== 'operate'),
  shopper: ['orders:read', 'orders:write', 'customers:read'],
  operator: ['operate', 'orders:read', 'customers:read', 'events:read'],
};

export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  readonly clients: IdentityProviderSettings['clients'];
}

/** @throws StartError when it does not start; ConfigError when another issuer is configured, or AUTH_PORT is in use */
export async function startIdentityProvider(config: Config, onSpawned: OnSpawned): Promise<IdentityProvider> {
  const { AUTH_PORT: port, DATA_DIR: dataDir } = config;
  if (config.AUTH_ISSUER !== undefined || config.AUTH === 'none')
    throw new ConfigError('--with-auth starts its own issuer; unset AUTH_ISSUER and AUTH=none');
  await requireFreePort('AUTH_PORT', port, LOOPBACK);
  const settings = await settingsOf(config);
  const file = path.join(dataDir, 'identity-provider.json');
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  const log = path.join(dataDir, 'logs', 'identity-provider.log');
  const script = path.join(ROOT, 'dist/tools/local/identity-provider-main.js');
  await step('starting the identity provider', async () => {
    const child = spawnServer(
      'identity-provider',
      process.execPath,
      [script, file],
      openSync(log, 'a'),
      dataDir,
    );
    onSpawned({ child, stop: () => stopChild(child, 'SIGTERM', STOP_WITHIN_MS) });
    const answers = async () => child.ended || (await isReady(settings.issuer));
    const inTime = await until(answers, READY);
    if (!inTime || child.ended) throw new StartError(`The identity provider did not start; see ${log}`);
  });
  return settings;
}

async function isReady(issuer: string): Promise<boolean> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}

async function settingsOf({
  AUTH_PORT: port,
  AUTH_AUDIENCE,
  DATA_DIR,
}: Config): Promise<IdentityProviderSettings> {
  return {
    issuer: httpUrl(LOOPBACK, port),
    audience: AUTH_AUDIENCE ?? AUDIENCE,
    port,
    clients: Object.entries(CLIENTS).map(([id, scopes]) => ({
      id,
      secret: keptSecret(path.join(DATA_DIR, `${id}.secret`)),
      scope: scopes.join(' '),
    })),
    key: await keptKey(path.join(DATA_DIR, 'identity-provider.key')),
  };
}

/** Tokens stay valid over a restart. */
async function keptKey(file: string): Promise<Record<string, unknown>> {
  if (!existsSync(file)) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' };
    writeFileSync(file, JSON.stringify(key), { mode: 0o600 });
  }
  return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
}
