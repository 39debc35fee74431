import type { Findings } from './server-findings.js';
import { escaped } from './server-records.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';
import { isZmqAddress, type ZmqDispatcherSettings } from './zmq-settings.js';

const THIS_MACHINE = /^(ipc:|tcp:\/\/(127\.\d+\.\d+\.\d+|localhost|lo|\[::1\]):)/;

/** The section of the `zmq` dispatcher (spec 5.4). */
export function zmq(config: ServerConfig, { mistakes, warnings }: Findings): ZmqDispatcherSettings {
  const section = config.zmq ?? {};
  const { addr: address = '', server_key_json_path: serverKeyFile = '', verbose = false } = section;
  const { allowed_public_keys_json_path: allowedKeysFile = '' } = section;
  const hint = 'for example tcp://*:5284';
  if (config.zmq === undefined) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/zmq',
      message: 'expected ZMQ to be configured',
      hint: 'add the section zmq with at least addr, or take zmq out of records',
    });
  } else if (address === '') {
    const message = 'missing; expected where to bind the socket';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/zmq/addr', message, hint });
  } else if (!isZmqAddress(address)) {
    const message = 'expected tcp://INTERFACE:PORT or ipc://PATH';
    mistakes.push({ code: 'CONFIG_VALUE', pointer: '/zmq/addr', message, hint });
  } else if (serverKeyFile === '' && !THIS_MACHINE.test(address)) {
    warnings.push({
      code: 'CONFIG_VALUE',
      pointer: '/zmq/addr',
      message: 'whoever reaches this address can subscribe, and records go unencrypted',
      hint: 'set server_key_json_path and allowed_public_keys_json_path, or bind to 127.0.0.1',
    });
  }
  if (serverKeyFile === '' && allowedKeysFile !== '') {
    mistakes.push({
      code: 'CONFIG_CONFLICT',
      pointer: '/zmq/allowed_public_keys_json_path',
      message: 'of no use without server_key_json_path: everybody could subscribe',
      hint: 'set zmq.server_key_json_path',
    });
  }
  if (serverKeyFile !== '' && allowedKeysFile === '') {
    warnings.push({
      code: 'CONFIG_MISSING',
      pointer: '/zmq/allowed_public_keys_json_path',
      message: 'no client is allowed: with server_key_json_path only those whose keys are listed get in',
      hint: 'name a file with a JSON array of their public keys; "*" in it allows everybody who has the server\'s',
    });
  }
  const reliable = Object.entries(config.reliable_ack_sources ?? {}).filter(([, dispatcher]) => dispatcher === 'zmq');
  for (const [topic] of reliable) {
    warnings.push({
      code: 'CONFIG_VALUE',
      pointer: `/reliable_ack_sources/${escaped(topic)}`,
      message: 'zmq confirms what it passed to the subscribers that were there, if any: nobody knows what arrived',
      hint: 'without a source, records are acknowledged when they are on disk here',
    });
  }
  return { address, serverKeyFile, allowedKeysFile, verbose, ...serverDefaults.zmq, ...config.fleetchart?.zmq };
}
