"""Does it matter that the original lets padded steps into its constraint losses? Trains the model in PyTorch twice from one draw of
weights, with padding left out of every loss (as gainakt does) and with padding (concept 0, response 0) in every loss but the
cross-entropy (as the original does). Prints a JSON line for each epoch: AUC and accuracy on the validation fold.

  python original_padding.py train_valid_sequences.csv.gz --epochs 2 --seeds 42
"""
import argparse
import json
import time

import torch
from sklearn.metrics import roc_auc_score

from bench_torch import csv, fast_total_loss, gzip, read_windows, to_batch
from gainakt_reference import EpochState, GainAkt, LossConfig, ModelConfig, Schedule, make_optimizer


def validation_windows(path, fold, seq_len):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as f:
        for row in csv.DictReader(f):
            if int(row["fold"]) == fold:
                c = [int(x) for x in row["concepts"].split(",") if x != "-1"][:seq_len]
                yield c, [int(x) for x in row["responses"].split(",")][: len(c)]


def cross_entropy(logits, answers, weight):
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    return bce(logits, answers.to(logits.dtype), weight=weight, reduction="sum") / weight.sum()


def loss_with_padding(out, q, r, rn, valid, lc, es):
    """Every loss over padded steps too, except that the cross-entropy over all steps gives way to that over valid ones."""
    every, real = torch.ones_like(valid), valid.to(out["logits"].dtype)
    total = fast_total_loss(out, q, r, rn, every, lc, es)["total"]
    return total - cross_entropy(out["logits"], rn, torch.ones_like(real)) + cross_entropy(out["logits"], rn, real)


def evaluate(model, windows, batch, t, device):
    model.eval()
    chances, answers = [], []
    with torch.no_grad():
        for i in range(0, len(windows), batch):
            q, r, qn, rn, ok = to_batch(windows[i : i + batch], t, device)
            chances += model(q, r, qn, fast=True)["logits"][ok].sigmoid().tolist()
            answers += rn[ok].tolist()
    accuracy = sum((p >= 0.5) == (y == 1) for p, y in zip(chances, answers)) / len(answers)
    return {"valid_auc": round(roc_auc_score(answers, chances), 4), "valid_acc": round(accuracy, 4)}


def main():
    a = argparse.ArgumentParser()
    a.add_argument("train_valid")
    for name, default in dict(num_c=100, seq_len=200, d_model=512, n_heads=8, blocks=6, d_ff=1024, batch=64, epochs=2, fold=0).items():
        a.add_argument(f"--{name}", type=int, default=default)
    a.add_argument("--seeds", type=int, nargs="+", default=[42])
    a.add_argument("--lr", type=float, default=1.74e-4)
    a.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    a = a.parse_args()
    t = a.seq_len - 1
    train = list(read_windows(a.train_valid, a.fold, a.seq_len))
    valid = list(validation_windows(a.train_valid, a.fold, a.seq_len))
    batches = [to_batch(train[i : i + a.batch], t, a.device) for i in range(0, len(train), a.batch)]
    for seed in a.seeds:
        for padding in ("masked", "in the constraint losses"):
            torch.manual_seed(seed)
            model = GainAkt(ModelConfig(a.num_c, a.seq_len, a.d_model, a.n_heads, a.blocks, a.d_ff, 0.2)).to(a.device)
            opt, lc, control = make_optimizer(model, a.lr), LossConfig(), Schedule(epochs=a.epochs)
            for epoch in range(1, a.epochs + 1):
                model.train()
                start, settings = time.time(), control.begin(epoch)
                es = EpochState(settings["performance_scale"], settings["alignment_weight"], settings["lag_active"], None)
                for q, r, qn, rn, ok in batches:
                    opt.zero_grad()
                    out = model(q, r, qn, fast=True)
                    if padding == "masked":
                        total = fast_total_loss(out, q, r, rn, ok, lc, es)["total"]
                    else:
                        total = loss_with_padding(out, q, r, rn, ok, lc, es)
                    total.backward()
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    opt.step()
                seconds = round(time.time() - start, 1)
                print(json.dumps({"seed": seed, "padding": padding, "epoch": epoch, "seconds": seconds, **evaluate(model, valid, a.batch, t, a.device)}), flush=True)


if __name__ == "__main__":
    main()
