export { createSimulatedEngine, type SimulatedEngineOptions } from './simulated-engine.js';
