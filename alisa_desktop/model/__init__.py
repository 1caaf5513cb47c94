"""Words from a model: a local file (`llama`), a server (`remote`) or the shipped script (`scripted`).

The local model lives in a child process: `runner` is its entry and the only importer of llama_cpp; `native`,
`templates` and `decoding` belong to it. `llama` supervises it from the engine's side.
"""
