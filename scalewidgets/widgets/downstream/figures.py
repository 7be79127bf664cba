"""What papers print of downstream scores: the DownstreamLab shows it beside their laws."""

from __future__ import annotations

from typing import NamedTuple


class Task(NamedTuple):
    """A benchmark of the task ladder (Bhagia et al. 2024), and what its two largest models had.

    Losses are bits a byte of the right answer, scores fractions right. 13B: means over the last
    evaluations, ``step1_main.csv`` and ``chained_main.csv`` of the authors' code; 7B: the last
    evaluation, to which the errors printed in ``variance.csv`` there belong.
    """

    label: str
    column: str
    """Its name in the data set ``olmo_ladder``: ``bpb_...`` and ``acc_...``."""
    loss_7B: float
    accuracy_7B: float
    loss_13B: float
    accuracy_13B: float
    wobble: float
    """Standard deviation of the score over the last 10 checkpoints of the 1.3B run at ten times
    the Chinchilla length (``variance.csv``)."""
    questions: int
    """Of the public test or validation set: common knowledge, not read in the paper."""


# Constant set of bhagia2024_ladder to its task.
TASKS = {
    "mmlu_avg_test_5shot": Task(
        *("MMLU", "mmlu", 0.7770183, 0.4901083),
        *(0.7488274373888968, 0.5161402368605137, 0.00099273953, 14042),
    ),
    "hellaswag_val_5shot": Task(
        *("HellaSwag", "hellaswag", 0.6731850504875183, 0.8134833574295044),
        *(0.6609338879585266, 0.831905996799469, 0.00158422412, 10042),
    ),
    "arc_challenge_test_5shot": Task(
        *("ARC-Challenge", "arc_challenge", 0.74244225025177, 0.6194539070129395),
        *(0.7157248377799987, 0.638054609298706, 0.00397376887, 1172),
    ),
    "arc_easy_test_5shot": Task(
        *("ARC-Easy", "arc_easy", 0.5329779, 0.8455387),
        *(0.5113906025886535, 0.8717171669006347, 0.00432520352, 2376),
    ),
    "piqa_val_5shot": Task(
        *("PIQA", "piqa", 0.9088354110717773, 0.8204570),
        *(0.8987890243530273, 0.8295973896980285, 0.00236467639, 1838),
    ),
    "csqa_val_5shot": Task(
        *("CommonsenseQA", "csqa", 0.8069397, 0.7264537),
        *(0.8115828037261963, 0.7410319447517395, 0.00349781659, 1221),
    ),
    "socialiqa_val_5shot": Task(
        *("Social IQa", "socialiqa", 0.9628676, 0.5992835),
        *(0.9568508267402649, 0.6159672379493714, 0.00319804820, 1954),
    ),
    "openbookqa_test_5shot": Task(
        *("OpenBookQA", "openbookqa", 1.2682617, 0.4940000),
        *(1.2631986379623412, 0.4863999903202057, 0.00950999590, 500),
    ),
}
# Parameters with the output head but not the input embedding, and training tokens.
TARGETS = {"7B": (6887575552.0, 3945065873408.0), "13B": (13202396160.0, 5000088518656.0)}

# Scores of Llama-2 70B in the table of Ruan et al. 2024 (base_llm_benchmark_eval.csv).
LLAMA_2_70B = {
    **{"MMLU": 0.6983, "ARC_C": 0.6732, "HellaSwag": 0.8733, "Winograd": 0.8374},
    **{"TruthfulQA": 0.4492, "GSM8K": 0.5406, "XWinograd": 0.8245, "HumanEval": 0.2988},
}

# Signal over noise at 1B parameters: Heineman et al. 2025, table in the README of their code.
SIGNAL_TO_NOISE = {
    **{"HellaSwag": 101.8, "MMLU": 40.8, "WinoGrande": 37.3, "ARC-Challenge": 28.9},
    **{"ARC-Easy": 22.6, "OpenBookQA": 13.1, "GSM8K": 10.3, "MBPP": 2.7},
}
