import type { Findings, Suggest } from './server-findings.js';
import { type DispatcherName, dispatcherNames, type ServerConfig } from './server-settings.js';

/** The routing table of `records`. A dispatcher is called once a record, however often the list names it. */
export function checkRecords(
  { records = {} }: ServerConfig,
  findings: Findings,
  suggest: Suggest,
): Map<string, DispatcherName[]> {
  const routes = new Map<string, DispatcherName[]>();
  for (const [topic, names] of Object.entries(records)) {
    const pointer = `/records/${escaped(topic)}`;
    const meant = meantTopic(topic, suggest);
    if (meant !== undefined) {
      const message = `no vehicle sends the topic ${topic}; did you mean ${meant}?`;
      findings.warnings.push({ code: 'CONFIG_VALUE', pointer, message });
    }
    if (names.length === 0) {
      findings.mistakes.push({
        code: 'CONFIG_MISSING',
        pointer,
        message: `unknown_dispatch_rule record: ${topic}, dispatchRule:[]`,
        hint: `name at least one dispatcher (${dispatcherNames.join(', ')}), or remove ${topic}`,
      });
    }
    for (const [index, name] of names.entries()) {
      checkName(name, `${pointer}/${index}`, findings, suggest);
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

const LONG_TOPICS = ['alerts', 'errors', 'connectivity'];

/** The topic of vehicles that one of another name is near to; services may have topics of their own. */
function meantTopic(topic: string, suggest: Suggest): string | undefined {
  if (topic === 'V' || LONG_TOPICS.includes(topic)) return undefined;
  // Any short name would be near to it.
  return topic === 'v' ? 'V' : suggest(topic, LONG_TOPICS);
}

function checkName(name: string, pointer: string, { mistakes }: Findings, suggest: Suggest): void {
  if (isDispatcherName(name)) return;
  const known = dispatcherNames.join(', ');
  const message = `unknown dispatcher ${JSON.stringify(name)}`;
  const meant = suggest(name, dispatcherNames);
  const hint = meant === undefined ? `known: ${known}` : `did you mean ${meant}? known: ${known}`;
  mistakes.push({ code: 'CONFIG_VALUE', pointer, message, hint });
}

/** FT-ACK-5, in the reference's words. */
export function checkReliableAckSources(
  config: ServerConfig,
  { mistakes }: Findings,
  suggest: Suggest,
): Map<string, DispatcherName> {
  const sources = new Map<string, DispatcherName>();
  const records = new Map(Object.entries(config.records ?? {}));
  for (const [topic, dispatcher] of Object.entries(config.reliable_ack_sources ?? {})) {
    const listed = records.get(topic);
    // The mistake is the name in the list, and is told there.
    if (listed?.some((name) => !isDispatcherName(name) && suggest(name, dispatcherNames) === dispatcher)) continue;
    const refusal = refusalOf(topic, dispatcher, listed);
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
