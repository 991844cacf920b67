"""The engine room: one seam, and what stands behind it.

spec         the Protocol of an engine, and which one a recipe asks for
vllm         vLLM in this process
chat         chat templates; a reasoning model's own thinking removed
prefix       the shared beginning of prompts, tokenised once
modelfiles   where weights lie
log          what the engine's processes say
install      vLLM into this environment
"""
