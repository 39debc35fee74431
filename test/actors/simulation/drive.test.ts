import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawProfile, driveAt } from '../../../src/actors/simulation/drive.js';
import { GEAR, rotations, signalsFor } from '../../../src/actors/simulation/signals.js';
import { placeOnTrack, TRACK_METRES } from '../../../src/actors/simulation/track.js';
import { FIELD_NAMES, fieldNumber } from '../../../src/protocols/fleet-telemetry/records.js';
import { seededIds } from '../../../src/runtime/index.js';

const METRES_PER_DEGREE = 111_320;

function metresBetween(a: { latitude: number; longitude: number }, b: { latitude: number; longitude: number }): number {
  const north = (b.latitude - a.latitude) * METRES_PER_DEGREE;
  const east = (b.longitude - a.longitude) * METRES_PER_DEGREE * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
}

test('the track is a loop along which places lie as far apart as they should', () => {
  for (let metres = 0; metres < TRACK_METRES; metres += 50) {
    const step = metresBetween(placeOnTrack(metres), placeOnTrack(metres + 10));
    // Less where a corner is cut.
    assert.ok(step > 4 && step < 10.2, `${step} m at ${metres} m`);
  }
  assert.ok(metresBetween(placeOnTrack(123), placeOnTrack(123 + TRACK_METRES)) < 0.01);
  assert.ok(metresBetween(placeOnTrack(-10), placeOnTrack(TRACK_METRES - 10)) < 0.01);
});

test('speed, place and odometer agree at any time of a drive', () => {
  for (const seed of ['a', 'b', 'c']) {
    const profile = drawProfile(seededIds(seed).uniform);
    for (let second = 0; second < 900; second++) {
      const [now, next] = [driveAt(profile, second), driveAt(profile, second + 0.5)];
      const driven = (next.odometer - now.odometer) * 1609.344;
      const meanSpeed = (((now.speed + next.speed) / 2) * 1609.344) / 3600;
      assert.ok(driven >= 0);
      assert.ok(Math.abs(driven - meanSpeed * 0.5) < 1.1, `drove ${driven} m at ${meanSpeed} m/s`);
      assert.ok(metresBetween(now, next) <= driven + 0.1);
      assert.ok(now.charge > 10 && now.charge <= 100);
      if (now.isParked) assert.equal(now.speed, 0);
    }
  }
});

test('a vehicle brakes, stands and parks', () => {
  const profile = { ...drawProfile(seededIds('p').uniform), standS: 20 };
  const states = Array.from({ length: 600 }, (_, second) => driveAt(profile, second));
  assert.ok(states.some(({ speed }) => speed === 0));
  assert.ok(states.some(({ isParked }) => isParked));
  assert.ok(states.some(({ acceleration }) => acceleration < 0));
  const gear = signalsFor(8, FIELD_NAMES).find(({ name }) => name === 'Gear');
  assert.deepEqual(new Set(states.map((state) => gear?.read(state))), new Set([GEAR.parked, GEAR.drive]));
});

test('every signal is one of the protocol, and as many are found as are asked for', () => {
  for (const fields of [1, 8, 22, 23, 100, 250]) {
    const signals = signalsFor(fields, FIELD_NAMES);
    assert.ok(signals.length >= fields);
    assert.equal(new Set(signals.map(({ name }) => name)).size, signals.length);
    for (const { name } of signals) assert.ok(fieldNumber(name), name);
  }
});

test('records of a round hold the same number of signals, and each signal at least once', () => {
  for (const [signals, fields] of [
    [22, 8],
    [22, 22],
    [22, 30],
    [22, 1],
    [22, 2],
    [22, 3],
    [23, 7],
  ] as const) {
    const round = rotations(signals, fields);
    for (const record of round) assert.equal(new Set(record).size, Math.min(fields, signals));
    assert.equal(new Set(round.flat()).size, signals);
    if (fields > 2) for (const record of round) assert.ok(record.includes(0) && record.includes(1));
  }
});
