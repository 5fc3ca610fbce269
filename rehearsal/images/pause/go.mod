module vllm-stack/images/pause

go 1.26.0
