"""Words from a model: a local file (`llama`), a server (`remote`) or the shipped script (`scripted`).

The local model lives in a child process: `runner` is its entry and the only importer of llama_cpp; `native`, `speaker`,
`templates`, `decoding` and `kept_state` belong to it, and `plugins`, which load llama.cpp's code for this processor.
`supervisor` keeps it from the engine's side, by a `load_plan` that makes do with less where it must, with the best of
`variants` that the processor runs, and with `gpu` as far as there is one.

Where models come from: `catalog` and `hub` know what is offered, `downloads` fetch it, `shelf` knows the files that are
here and `servers` the servers; `fit` and `speed` tell what suits this machine.
"""
