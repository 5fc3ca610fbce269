/**
 * Names of tool and reasoning parsers per version. They drift with every release: hints, not rules.
 *
 * Source: vllm-project/vllm `vllm/tool_parsers`, `vllm/reasoning` at those tags (Apache-2.0), read 2026-11.
 */
// prettier-ignore
export const PARSERS = {
  "0.33.0": {
    tools: ["apertus", "beam", "cohere_command3", "cohere_command4", "deepseek_v3", "deepseek_v31", "deepseek_v32", "deepseek_v4", "deepseek_v41", "dots", "ernie45", "functiongemma", "gemma4", "gigachat3", "glm45", "glm47", "granite", "granite-20b-fc", "granite4", "hermes", "hf", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "internlm", "jamba", "k2_horizon", "kimi_k2", "kimi_k3", "lfm2", "ling3", "llama3_json", "llama4_json", "llama4_pythonic", "longcat", "mimo", "minicpm5", "minimax_m2", "minimax_m3", "mistral", "muse", "muse_glimmer", "musespark1x", "olmo3", "openai", "phi4_mini_json", "plamo3", "poolside_v1", "pythonic", "qwen3_coder", "qwen3_json", "qwen3_xml", "seed_oss", "step3", "step3p5", "step5", "xlam"],
    reasoning: ["beam", "cohere_command3", "cohere_command4", "deepseek_r1", "deepseek_v3", "deepseek_v4", "deepseek_v41", "ernie45", "gemma4", "glm45", "glm47", "granite", "granite_thinking_parser", "hf", "holo2", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "k2_horizon", "kimi_k2", "kimi_k3", "ling3", "mimo", "minicpmv", "minimax_m2", "minimax_m2_append_think", "minimax_m3", "mistral", "muse", "muse_glimmer", "musespark1x", "nemotron_v3", "olmo3", "openai_gptoss", "plamo3", "poolside_v1", "qwen3", "seed_oss", "step3", "step3p5", "step5"],
  },
  "0.31.0": {
    tools: ["apertus", "cohere_command3", "cohere_command4", "deepseek_v3", "deepseek_v31", "deepseek_v32", "deepseek_v4", "deepseek_v41", "dots", "ernie45", "functiongemma", "gemma4", "gigachat3", "glm45", "glm47", "granite", "granite-20b-fc", "granite4", "hermes", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "internlm", "jamba", "k2_horizon", "kimi_k2", "kimi_k3", "lfm2", "ling3", "llama3_json", "llama4_json", "llama4_pythonic", "longcat", "mimo", "minicpm5", "minimax_m2", "minimax_m3", "mistral", "muse_glimmer", "olmo3", "openai", "phi4_mini_json", "poolside_v1", "pythonic", "qwen3_coder", "qwen3_xml", "seed_oss", "step3", "step3p5", "xlam"],
    reasoning: ["cohere_command3", "cohere_command4", "deepseek_r1", "deepseek_v3", "deepseek_v4", "deepseek_v41", "ernie45", "gemma4", "glm45", "glm47", "granite", "granite_thinking_parser", "holo2", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "k2_horizon", "kimi_k2", "kimi_k3", "ling3", "mimo", "minimax_m2", "minimax_m2_append_think", "minimax_m3", "mistral", "muse_glimmer", "nemotron_v3", "olmo3", "openai_gptoss", "poolside_v1", "qwen3", "seed_oss", "step3", "step3p5"],
  },
  "0.29.0": {
    tools: ["apertus", "cohere_command3", "cohere_command4", "deepseek_v3", "deepseek_v31", "deepseek_v32", "deepseek_v4", "dots", "ernie45", "functiongemma", "gemma4", "gigachat3", "glm45", "glm47", "granite", "granite-20b-fc", "granite4", "hermes", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "internlm", "jamba", "kimi_k2", "kimi_k3", "lfm2", "ling3", "llama3_json", "llama4_json", "llama4_pythonic", "longcat", "mimo", "minicpm5", "minimax_m2", "minimax_m3", "mistral", "muse_glimmer", "olmo3", "openai", "phi4_mini_json", "poolside_v1", "pythonic", "qwen3_coder", "qwen3_xml", "seed_oss", "step3", "step3p5", "xlam"],
    reasoning: ["cohere_command3", "cohere_command4", "deepseek_r1", "deepseek_v3", "deepseek_v4", "ernie45", "gemma4", "glm45", "glm47", "granite", "holo2", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling", "kimi_k2", "kimi_k3", "ling3", "mimo", "minimax_m2", "minimax_m2_append_think", "minimax_m3", "mistral", "muse_glimmer", "nemotron_v3", "olmo3", "openai_gptoss", "poolside_v1", "qwen3", "seed_oss", "step3", "step3p5"],
  },
} as const satisfies Readonly<Record<string, { readonly tools: readonly string[]; readonly reasoning: readonly string[] }>>;

/**
 * Keys the JSON-valued flags accept per version; any other key is refused at start.
 *
 * Source: vllm-project/vllm `vllm/config/*.py` at those tags (Apache-2.0), read 2026-11.
 */
// prettier-ignore
export const JSON_KEYS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "0.33.0": {
    "--kv-transfer-config": ["kv_connector", "engine_id", "kv_buffer_device", "kv_role", "kv_port", "kv_connector_extra_config", "kv_connector_module_path", "enable_permute_local_kv", "kv_load_failure_policy"],
    "--kv-events-config": ["enable_kv_cache_events", "publisher", "endpoint", "replay_endpoint", "buffer_steps", "hwm", "max_queue_size", "topic"],
    "--structured-outputs-config": ["backend", "disable_any_whitespace", "disable_additional_properties", "reasoning_parser", "reasoning_parser_plugin", "enable_in_reasoning"],
    "--eplb-config": ["window_size", "step_interval", "num_redundant_experts", "log_balancedness", "log_balancedness_interval", "use_async", "policy", "communicator", "enable_migration_batching"],
    "--ec-transfer-config": ["ec_connector", "engine_id", "ec_buffer_device", "ec_buffer_size", "ec_role", "ec_ip", "ec_port", "ec_connector_extra_config", "ec_connector_module_path", "mm_encoder_output_widths"],
    "--logging-config": ["log_level", "formatter", "configure_logging", "pylogging_config_file"],
    "--watchdog-config": ["timeout", "check_interval", "dump_dir"],
  },
  "0.31.0": {
    "--kv-transfer-config": ["kv_connector", "engine_id", "kv_buffer_device", "kv_buffer_size", "kv_role", "kv_rank", "kv_parallel_size", "kv_ip", "kv_port", "kv_connector_extra_config", "kv_connector_module_path", "enable_permute_local_kv", "kv_load_failure_policy"],
    "--kv-events-config": ["enable_kv_cache_events", "publisher", "endpoint", "replay_endpoint", "buffer_steps", "hwm", "max_queue_size", "topic"],
    "--structured-outputs-config": ["backend", "disable_any_whitespace", "disable_additional_properties", "reasoning_parser", "reasoning_parser_plugin", "enable_in_reasoning"],
    "--eplb-config": ["window_size", "step_interval", "num_redundant_experts", "log_balancedness", "log_balancedness_interval", "use_async", "policy", "communicator"],
    "--ec-transfer-config": ["ec_connector", "engine_id", "ec_buffer_device", "ec_buffer_size", "ec_role", "ec_rank", "ec_parallel_size", "ec_ip", "ec_port", "ec_connector_extra_config", "ec_connector_module_path"],
    "--logging-config": ["log_level", "configure_logging", "pylogging_config_file"],
  },
  "0.29.0": {
    "--kv-transfer-config": ["kv_connector", "engine_id", "kv_buffer_device", "kv_buffer_size", "kv_role", "kv_rank", "kv_parallel_size", "kv_ip", "kv_port", "kv_connector_extra_config", "kv_connector_module_path", "enable_permute_local_kv", "kv_load_failure_policy"],
    "--kv-events-config": ["enable_kv_cache_events", "publisher", "endpoint", "replay_endpoint", "buffer_steps", "hwm", "max_queue_size", "topic"],
    "--structured-outputs-config": ["backend", "disable_any_whitespace", "disable_additional_properties", "reasoning_parser", "reasoning_parser_plugin", "enable_in_reasoning"],
    "--eplb-config": ["window_size", "step_interval", "num_redundant_experts", "log_balancedness", "log_balancedness_interval", "use_async", "policy", "communicator"],
    "--ec-transfer-config": ["ec_connector", "engine_id", "ec_buffer_device", "ec_buffer_size", "ec_role", "ec_rank", "ec_parallel_size", "ec_ip", "ec_port", "ec_connector_extra_config", "ec_connector_module_path"],
  },
};
