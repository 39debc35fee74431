import type { Findings } from './server-findings.js';
import { type DispatcherName, dispatcherNames, type ServerConfig } from './server-settings.js';

/** The routing table of `records`. A dispatcher is called once a record, however often the list names it. */
export function checkRecords({ records = {} }: ServerConfig, findings: Findings): Map<string, DispatcherName[]> {
  const routes = new Map<string, DispatcherName[]>();
  for (const [topic, names] of Object.entries(records)) {
    const pointer = `/records/${escaped(topic)}`;
    if (names.length === 0) {
      findings.mistakes.push({
        code: 'CONFIG_MISSING',
        pointer,
        message: `unknown_dispatch_rule record: ${topic}, dispatchRule:[]`,
        hint: `name at least one dispatcher (${dispatcherNames.join(', ')}), or remove ${topic}`,
      });
    }
    for (const [index, name] of names.entries()) {
      checkName(name, `${pointer}/${index}`, findings);
      if (names.indexOf(name) < index) {
        findings.warnings.push({
          code: 'CONFIG_IGNORED',
          pointer: `${pointer}/${index}`,
          message: `${name} is listed twice`,
        });
      }
    }
    routes.set(topic, [...new Set(names.filter(isDispatcherName))]);
  }
  if (routes.size === 0) {
    const message = 'no records are routed: whatever vehicles send is acknowledged and dropped';
    findings.warnings.push({
      code: 'CONFIG_MISSING',
      pointer: '/records',
      message,
      hint: 'for example "records": {"V": ["file"]}',
    });
  }
  return routes;
}

function checkName(name: string, pointer: string, { mistakes }: Findings): void {
  if (isDispatcherName(name)) return;
  const known = dispatcherNames.join(', ');
  const message = `unknown dispatcher ${JSON.stringify(name)}`;
  mistakes.push({ code: 'CONFIG_VALUE', pointer, message, hint: `known: ${known}` });
}

/** FT-ACK-5, in the reference's words. */
export function checkReliableAckSources(config: ServerConfig, { mistakes }: Findings): Map<string, DispatcherName> {
  const sources = new Map<string, DispatcherName>();
  const records = new Map(Object.entries(config.records ?? {}));
  for (const [topic, dispatcher] of Object.entries(config.reliable_ack_sources ?? {})) {
    const refusal = refusalOf(topic, dispatcher, records.get(topic));
    if (refusal !== undefined) {
      mistakes.push({
        code: 'CONFIG_CONFLICT',
        pointer: `/reliable_ack_sources/${escaped(topic)}`,
        dependsOn: [`/records/${escaped(topic)}`],
        ...refusal,
      });
    } else if (isDispatcherName(dispatcher)) {
      sources.set(topic, dispatcher);
    }
  }
  return sources;
}

function refusalOf(topic: string, dispatcher: string, listed: readonly string[] | undefined) {
  if (topic === 'connectivity') {
    return { message: 'reliable ack not needed for txType: connectivity', hint: 'remove connectivity here' };
  }
  if (dispatcher === 'logger') {
    const message = `logger cannot be configured as reliable ack for record: ${topic}`;
    return { message, hint: 'name a dispatcher that confirms what it stored, such as file or mqtt' };
  }
  const refused = `${dispatcher} cannot be configured as reliable ack for record: ${topic}`;
  if (listed === undefined) {
    return { message: `${refused} since no record mapping exists`, hint: `add ${topic} to records, or remove it here` };
  }
  if (listed.includes(dispatcher)) return undefined;
  const valid = listed.filter((name) => name !== 'logger').join(' ');
  const hint = `add ${dispatcher} to records.${topic}, or name one that is listed there`;
  return { message: `${refused}. Valid datastores configured [${valid}]`, hint };
}

function isDispatcherName(name: string): name is DispatcherName {
  return (dispatcherNames as readonly string[]).includes(name);
}

/** A topic as one step of a JSON pointer. */
export function escaped(topic: string): string {
  return topic.replaceAll('~', '~0').replaceAll('/', '~1');
}
