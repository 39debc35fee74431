import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

export interface StatelyBridge {
  readonly url: string;
  /** Hands an inspection event to every page that is open, and to those that open later. */
  readonly pass: (text: string) => void;
  close(): Promise<void>;
}

const HOSTED = 'https://stately.ai';
/** What a page that opens late is told of: actors and the last events. */
const KEPT = 500;

/**
 * A page on loopback that hands inspection events to the hosted Stately inspector in a frame, by the inspector's own
 * handshake. Nothing leaves this machine but by the browser that opens the page.
 */
export async function serveStatelyBridge(): Promise<StatelyBridge> {
  const kept: string[] = [];
  const nonce = randomBytes(16).toString('base64');
  const http = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; frame-src ${HOSTED}; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'`,
    });
    response.end(page(nonce));
  });
  const pages = new WebSocketServer({ server: http });
  pages.on('connection', (socket) => {
    for (const text of kept) socket.send(text);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    pass: (text) => {
      if (!text.startsWith('{"type":"@xstate.')) return;
      kept.push(text);
      if (kept.length > KEPT) kept.splice(oldestEvent(kept), 1);
      for (const socket of pages.clients) socket.send(text);
    },
    close: async () => {
      for (const socket of pages.clients) socket.terminate();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** Actors are kept for as long as there are events that can go instead. */
const oldestEvent = (kept: readonly string[]): number =>
  Math.max(
    0,
    kept.findIndex((text) => !text.includes('"type":"@xstate.actor"')),
  );

const page = (nonce: string): string => `<!doctype html>
<html lang="en">
<title>Fleetchart in the Stately inspector</title>
<style nonce="${nonce}">html,body,iframe{margin:0;border:0;width:100%;height:100%}</style>
<iframe id="inspector" src="${HOSTED}/inspect"></iframe>
<script nonce="${nonce}">
const frame = document.getElementById('inspector');
const waiting = [];
let connected = false;
const pass = (event) => frame.contentWindow.postMessage(event, '${HOSTED}');
addEventListener('message', (message) => {
  if (message.origin !== '${HOSTED}' || message.data?.type !== '@statelyai.connected') return;
  connected = true;
  for (const event of waiting.splice(0)) pass(event);
});
new WebSocket(location.href.replace('http', 'ws')).onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (connected) pass(event);
  else waiting.push(event);
};
</script>
</html>
`;
