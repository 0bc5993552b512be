/** A proxy of the Temporal server that requires TLS and an API key, as a cluster in a network does. */
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';

const FOLDER = path.join(__dirname, 'tls');

/** Clients that trust it trust the proxies, at localhost and 127.0.0.1. */
export const AUTHORITY_PATH = path.join(FOLDER, 'ca.crt');
export const CERTIFICATE_PATH = path.join(FOLDER, 'localhost.crt');
export const KEY_PATH = path.join(FOLDER, 'localhost.key');

export interface TemporalTlsProxy {
  /** localhost:port. */
  readonly address: string;
  /** Calls that were let in. */
  calls(): number;
  close(): Promise<void>;
}

const UNAUTHENTICATED = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' };

/** @param target host:port of the server, which speaks without TLS */
export async function temporalTlsProxy(target: string, apiKey: string): Promise<TemporalTlsProxy> {
  let calls = 0;
  const far = http2.connect(`http://${target}`);
  const server = http2.createSecureServer({
    cert: readFileSync(CERTIFICATE_PATH),
    key: readFileSync(KEY_PATH),
  });
  server.on('stream', (near, headers) => {
    near.on('error', () => undefined);
    if (headers.authorization !== `Bearer ${apiKey}`) {
      near.respond(UNAUTHENTICATED, { endStream: true });
      return;
    }
    calls += 1;
    const call = far.request({ ...headers, ':scheme': 'http', ':authority': target });
    call.on('error', () => {
      near.close();
    });
    near.once('close', () => {
      call.close();
    });
    call.on('response', (answer, flags) => {
      if (near.destroyed) return;
      const endStream = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      near.respond(answer, { endStream, waitForTrailers: !endStream });
    });
    let trailers: http2.IncomingHttpHeaders = {};
    call.on('trailers', (sent: http2.IncomingHttpHeaders) => {
      trailers = sent;
    });
    near.on('wantTrailers', () => {
      near.sendTrailers(trailers);
    });
    near.pipe(call);
    call.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return {
    address: `localhost:${String(port)}`,
    calls: () => calls,
    close: () =>
      new Promise((resolve) => {
        far.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
