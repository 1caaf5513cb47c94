"""RapidOCR: its settings and the models it brings along; other engines than ONNX Runtime are not used."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("rapidocr", includes=["*.yaml", "models/PP-*.onnx"])
hiddenimports = ["rapidocr.main", "rapidocr.inference_engine.onnxruntime"]
excludedimports = [f"rapidocr.inference_engine.{one}" for one in ("mnn", "openvino", "paddle", "pytorch", "tensorrt")]
