"""Speech models for the zoo: the hooks of the plugin, names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zoo.plugin import hookimpl

if TYPE_CHECKING:
    from zoo.cards import ModelCard

__all__ = ["zoo_api", "zoo_cards", "zoo_finetuners", "zoo_loaders", "zoo_runners"]

zoo_api = 1


@hookimpl
def zoo_cards() -> Iterable[ModelCard]:
    """Packaged models, Whisper on the hub, then other models of speech and sound on the hub."""
    from zoo_speech.cards import CARDS
    from zoo_speech.history import history_cards
    from zoo_speech.packaged import packaged_cards
    from zoo_speech.transformers_decoders import decoder_cards
    from zoo_speech.transformers_recognition import recognition_cards
    from zoo_speech.transformers_sounds import sound_cards

    return [*CARDS, *packaged_cards(), *history_cards(), *recognition_cards(), *decoder_cards(), *sound_cards()]


@hookimpl
def zoo_loaders() -> Mapping[str, str]:
    """`whisper`: Whisper from a CTranslate2 file or a transformers folder; `transformers-audio`: the other folders."""
    return {
        "history": "zoo_speech.history_loader:HistoryLoader",
        "onnx-voice": "zoo_speech.onnx_voice:OnnxVoiceLoader",
        "silero-vad": "zoo_speech.silero:SileroLoader",
        "speaker-encoder": "zoo_speech.speaker_encoder:SpeakerLoader",
        "speecht5": "zoo_speech.speecht5:SpeechT5Loader",
        "transformers-audio": "zoo_speech.transformers_loader:TransformersAudioLoader",
        "whisper": "zoo_speech.whisper_loader:WhisperLoader",
    }


@hookimpl
def zoo_runners() -> Mapping[tuple[str, str], str]:
    """Transcription, classification and speaking with those loaders' modules."""
    return {
        ("history", "automatic-speech-recognition"): "zoo_speech.history_loader:HistoryRunner",
        ("history", "text-to-speech"): "zoo_speech.history_loader:HistoryRunner",
        ("onnx-voice", "text-to-speech"): "zoo_speech.onnx_voice_runner:SpeakOnnx",
        ("silero-vad", "voice-activity-detection"): "zoo_speech.silero_activity:DetectVoice",
        ("speaker-encoder", "audio-classification"): "zoo_speech.speaker_sounds:SpeakerSounds",
        ("speaker-encoder", "audio-feature-extraction"): "zoo_speech.speaker_runners:DescribeVoice",
        ("speaker-encoder", "speaker-diarization"): "zoo_speech.diarization:TellSpeakers",
        ("speaker-encoder", "speaker-verification"): "zoo_speech.speaker_runners:CompareVoices",
        ("speecht5", "text-to-speech"): "zoo_speech.speecht5_runner:SpeakT5",
        ("transformers-audio", "audio-classification"): "zoo_speech.hearing:Sounds",
        (
            "transformers-audio",
            "automatic-speech-recognition",
        ): "zoo_speech.transformers_transcribe:TransformersTranscribe",
        ("transformers-audio", "text-to-speech"): "zoo_speech.transformers_voices:Speak",
        ("whisper", "audio-classification"): "zoo_speech.hearing:WhisperSounds",
        ("whisper", "automatic-speech-recognition"): "zoo_speech.runners:Transcribe",
    }


@hookimpl
def zoo_finetuners() -> Mapping[tuple[str, str], str]:
    """How models learn classes of recordings, and to write what is said."""
    return {
        ("speaker-encoder", "audio-classification"): "zoo_speech.adapters.sounds:SpeakerSoundTuner",
        ("transformers-audio", "audio-classification"): "zoo_speech.adapters.sounds:TransformersSoundTuner",
        ("whisper", "audio-classification"): "zoo_speech.adapters.sounds:WhisperSoundTuner",
        ("whisper", "automatic-speech-recognition"): "zoo_speech.adapters.transcripts:WhisperWriter",
    }
