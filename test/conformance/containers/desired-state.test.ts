import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, test } from 'node:test';
import { readContainersState, readWishes } from '../../../src/protocols/containers/index.js';
import { readAs } from '../../../src/protocols/update-agent/index.js';
import {
  componentOf,
  configOf,
  DOMAIN,
  parameterPairs,
  read,
  refusalOf,
  stateOf,
  wishesOf,
} from '../../protocols/containers/samples.js';

/** What Kanto's update agent, as run, makes of a component `map` of version 2.1: a refusal, or parameters in its inventory. */
interface Outcome {
  readonly config: readonly [string, string][];
  readonly refusal?: string;
  readonly parameters?: readonly [string, string][];
}

const OUTCOMES = new URL('../../../../test/conformance/containers/reference-outcomes.jsonl', import.meta.url);
const CONVERSION = 'cannot convert desired state components to container configurations: ';
const BASELINES = 'cannot process desired state baselines with containers: ';

describe('CUA-8 one domain, its own', () => {
  it('any other number is refused, an absent payload is none', () => {
    const text = (n: number) => `one domain expected in desired state specification, but got ${n}`;
    assert.equal(refusalOf(undefined), text(0));
    assert.equal(refusalOf({}), text(0));
    assert.equal(refusalOf({ domains: [] }), text(0));
    assert.equal(refusalOf({ domains: [{ id: DOMAIN }, { id: DOMAIN }] }), text(2));
    const absent = readWishes(null, DOMAIN, []);
    assert.ok(!absent.ok && absent.error.detail === text(0));
  });

  it('another one is refused', () => {
    const text = (id: string) => `domain id mismatch - expecting containers, received ${id}`;
    assert.equal(refusalOf({ domains: [{ id: 'self-update' }] }), text('self-update'));
    assert.equal(refusalOf({ domains: [{}] }), text(''));
    assert.equal(refusalOf({ domains: [{ id: 'Containers' }] }), text('Containers'));
  });

  it('one without components is taken', () => {
    assert.deepEqual(wishesOf({ domains: [{ id: DOMAIN }] }), {
      wishes: [],
      systemContainers: [],
      groups: [],
      warnings: [],
    });
  });
});

describe('CUA-9 system containers', () => {
  const stateWith = (...values: string[]) => ({
    domains: [
      {
        id: DOMAIN,
        config: [{ key: 'other', value: 'x' }, ...values.map((value) => ({ key: 'systemContainers', value }))],
        components: [componentOf('sua', '1')],
      },
    ],
  });

  it('those of the desired state replace the configured ones', () => {
    assert.deepEqual(wishesOf(stateWith(), ['sua']).systemContainers, ['sua']);
    assert.deepEqual(wishesOf(stateWith(' a , b,,'), ['sua']).systemContainers, ['a', 'b', '', '']);
    assert.deepEqual(wishesOf(stateWith('a', 'b'), ['sua']).systemContainers, ['b']);
  });

  it('an empty value names none', () => {
    const wishes = wishesOf(stateWith(''), ['sua']);
    assert.deepEqual(wishes.systemContainers, ['']);
  });

  it('one that is wished for is passed over with a warning', () => {
    const wishes = wishesOf(stateWith(), ['sua']);
    assert.deepEqual(wishes.systemContainers, ['sua']);
    assert.deepEqual(wishes.warnings, ['sua: system containers are not changed']);
  });
});

describe('CUA-10 versions are for feedback', () => {
  it('and the tag of an image that is not named', () => {
    const [wish] = wishesOf(stateOf(componentOf('map', '2.1'))).wishes;
    assert.equal(wish?.config.image, 'map:2.1');
    assert.equal(wish?.version, '2.1');
    assert.equal(wishesOf(stateOf({ id: 'map' })).wishes[0]?.config.image, 'map:');
  });

  it('they need not be that of the image, and nothing is put in their place', () => {
    const [wish] = wishesOf(stateOf(componentOf('map', '1', ['image', `x:\${VERSION_ID}`]))).wishes;
    assert.equal(wish?.config.image, `x:\${VERSION_ID}`);
    assert.equal(wish?.version, '1');
  });

  it('an empty image is an error', () => {
    assert.equal(read(['image', '']).reason, 'the containers image configuration is invalid');
  });
});

describe('CUA-11 one mistake refuses the whole desired state', () => {
  it('of a component, the first one by its id', () => {
    const state = stateOf(
      componentOf('good', '1'),
      componentOf('bad', '1', ['memory', '1']),
      componentOf('worse', '1', ['network', 'x']),
    );
    assert.equal(
      refusalOf(state),
      `${CONVERSION}invalid configuration for container bad: invalid format of memory - 1`,
    );
  });

  it('of a baseline that names an unknown component of this domain', () => {
    const baselines = [{ title: 'nav', components: ['self-update:os', 'containers:map', 'containers:none'] }];
    assert.equal(
      refusalOf({ ...stateOf(componentOf('map', '1')), baselines }),
      `${BASELINES}problem with baseline nav: cannot find container component containers:none`,
    );
  });

  it('of two baselines that share a component', () => {
    const baselines = [
      { title: 'a', components: ['containers:map'] },
      { title: 'b', components: ['containers:map'] },
    ];
    assert.equal(
      refusalOf({ ...stateOf(componentOf('map', '1')), baselines }),
      `${BASELINES}problem with baseline b: cannot find container component containers:map`,
    );
    const twice = [{ title: 'a', components: ['containers:map', 'containers:map'] }];
    assert.match(refusalOf({ ...stateOf(componentOf('map', '1')), baselines: twice }), /problem with baseline a/);
  });

  it('what is taken from an inventory is named', () => {
    assert.equal(
      refusalOf(stateOf(componentOf('containers:map', '1'))),
      `${CONVERSION}invalid configuration for container containers:map: invalid container name format : containers:map - the id of a component has no domain before it`,
    );
    const component = { id: 'a b', parameters: [{ key: 'image', value: 'x' }] };
    const state = readAs({ domains: [{ id: DOMAIN, components: [component] }] }, readContainersState);
    assert.ok(state.ok);
    assert.match(
      refusalOf(state.value),
      /invalid container name format : a b - its configuration is expected in "config", "parameters" are not read$/,
    );
  });
});

test('CUA-12 two components of one id are refused', () => {
  assert.equal(
    refusalOf(stateOf(componentOf('map', '1'), componentOf('b', '1'), componentOf('map', '2'))),
    'duplicate component id map',
  );
});

test('CUA-13 a component is called as a container may be', () => {
  for (const id of ['a', '_', '0', 'A.b-c_d', 'a..', `a${'b'.repeat(199)}`]) {
    assert.equal(wishesOf(stateOf(componentOf(id, '1'))).wishes[0]?.config.name, id);
  }
  for (const id of ['', '-a', '.a', 'a b', 'a/b', 'ä', 'a\n']) {
    assert.equal(
      refusalOf(stateOf(componentOf(id, '1'))),
      `${CONVERSION}invalid configuration for container ${id}: invalid container name format : ${id}`,
    );
  }
});

test('CUA-14 what a desired state does not set has its default', () => {
  const { config } = read(['hostName', 'h'], ['domainName', 'd'], ['runtime', 'r'], ['extraCapabilities', 'c']);
  assert.deepEqual(config, configOf({ image: 'map:2.1' }));
  assert.equal(config?.hostName, 'map-host');
  assert.equal(config?.domainName, 'map-domain');
});

test('CUA-15 the first failing check in the order of checks supplies the text', () => {
  const checks: readonly (readonly [pairs: readonly [string, string][], reason: RegExp])[] = [
    [[['image', '']], /image/],
    [[['mount', ':/b']], /mount point/],
    [
      [
        ['privileged', '1'],
        ['device', '/a:/a'],
      ],
      /privileged/,
    ],
    [[['network', 'x']], /network/],
    [[['device', ':/b']], /device mapping/],
    [[['logDriver', 'x']], /log driver/],
    [[['restartPolicy', 'x']], /restart policy/],
    [[['memory', 'x']], /memory/],
    [[['env', '1']], /environmental/],
  ];
  for (const index of checks.keys()) {
    // Those of privileges and devices fail on the same key, so they are not together.
    const rest = checks.slice(index).filter((_, at) => at === 0 || !(index < 5 && at + index === 2));
    const { reason } = read(...rest.flatMap(([pairs]) => pairs).reverse());
    assert.match(reason ?? '', checks[index]?.[1] ?? /^$/);
  }
  assert.match(refusalOf(stateOf(componentOf('a b', '1', ['mount', ':/b']))), /invalid container name format : a b$/);
  assert.match(refusalOf(stateOf(componentOf('a b', '1', ['image', '']))), /image configuration is invalid$/);
});

describe('CUA-19 components of a baseline are a group', () => {
  const state = stateOf(componentOf('a', '1'), componentOf('b', '1'), componentOf('c', '1'));

  it('and each of the others is one', () => {
    const baselines = [
      { title: 'nav', components: ['containers:c', 'self-update:x', 'containers:a'] },
      { title: 'os', components: ['self-update:x'] },
    ];
    assert.deepEqual(wishesOf({ ...state, baselines }).groups, [
      { title: 'nav', names: ['c', 'a'] },
      { title: 'os', names: [] },
      { title: 'containers:b', names: ['b'] },
    ]);
  });

  it('baselines of one title are one', () => {
    const baselines = [
      { title: 'nav', components: ['containers:a'] },
      { title: 'nav', components: ['containers:b'] },
    ];
    assert.deepEqual(wishesOf({ ...state, baselines }).groups, [
      { title: 'nav', names: ['a', 'b'] },
      { title: 'containers:c', names: ['c'] },
    ]);
  });

  it('one that no command could name is none', () => {
    for (const title of ['', '*']) {
      const { groups, warnings } = wishesOf({ ...state, baselines: [{ title, components: ['containers:a'] }] });
      assert.deepEqual(
        groups.map((group) => group.title),
        ['containers:a', 'containers:b', 'containers:c'],
      );
      assert.equal(warnings.length, 1);
    }
  });

  it('none is called as that of the removals', () => {
    assert.match(
      refusalOf({ ...state, baselines: [{ title: 'containers:remove-components' }] }),
      /problem with baseline containers:remove-components/,
    );
  });
});

test('CUA-37 components become what they become elsewhere', () => {
  for (const line of readFileSync(OUTCOMES, 'utf8').trimEnd().split('\n')) {
    const expected = JSON.parse(line) as Outcome;
    const { config, reason } = read(...expected.config);
    assert.equal(reason, expected.refusal, line);
    assert.deepEqual(config && parameterPairs(config), expected.parameters, line);
  }
});
