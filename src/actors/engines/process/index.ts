export { createProcessEngine, type ProcessEngineOptions } from './process-engine.js';
