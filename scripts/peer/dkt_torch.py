"""DKT in plain PyTorch, as pykt-toolkit writes it: an epoch on padded windows.

  python dkt_torch.py TRAIN_VALID_SEQUENCES.csv[.gz] [--epochs 2] [--fold 0] [--width 200] [--batch 64] [--trim]

Reads pykt's sequences (the same windows that gainakt trains on), pads each batch to 200 answers, or with --trim to its
longest window, and prints one JSON line an epoch: seconds, answers a second, memory, loss, AUC of the held-out fold.
"""
import argparse
import csv
import gzip
import json
import resource
import time

import torch


def windows(path, fold):
    """Skills and responses of the training windows and of the fold's."""
    parts = [[], []]
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt") as file:
        for row in csv.DictReader(file):
            pairs = zip(row["concepts"].split(","), row["responses"].split(","))
            pairs = [(int(q), int(r)) for q, r in pairs if int(q) >= 0]
            if len(pairs) > 1:
                parts[int(row["fold"]) == fold].append(pairs)
    return parts


def batches(windows, size, trim):
    for i in range(0, len(windows), size):
        part = windows[i : i + size]
        length = max(map(len, part)) if trim else 200
        q, r = torch.zeros(len(part), length, dtype=torch.long), torch.zeros(len(part), length, dtype=torch.long)
        valid = torch.zeros(len(part), length - 1, dtype=torch.bool)
        for j, window in enumerate(part):
            q[j, : len(window)] = torch.tensor([a for a, _ in window])
            r[j, : len(window)] = torch.tensor([b for _, b in window])
            valid[j, : len(window) - 1] = True
        yield q, r, valid


class Dkt(torch.nn.Module):
    def __init__(self, skills, width, dropout):
        super().__init__()
        self.skills = skills
        self.interaction = torch.nn.Embedding(2 * skills, width)
        self.lstm = torch.nn.LSTM(width, width, batch_first=True)
        self.dropout = torch.nn.Dropout(dropout)
        self.output = torch.nn.Linear(width, skills)

    def forward(self, q, r):
        hidden, _ = self.lstm(self.interaction(q + self.skills * r)[:, :-1])
        return self.output(self.dropout(hidden)).gather(2, q[:, 1:, None])[..., 0]


def auc(scores, labels):
    order = scores.argsort()
    ranks = torch.empty(len(scores), dtype=torch.float64)
    ranks[order] = torch.arange(1, len(scores) + 1, dtype=torch.float64)
    right = labels.sum().item()
    return (ranks[labels == 1].sum().item() - right * (right + 1) / 2) / (right * (len(labels) - right))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--fold", type=int, default=0)
    parser.add_argument("--width", type=int, default=200)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--trim", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(42)
    train, held = windows(args.file, args.fold)
    skills = 1 + max(q for part in (train, held) for window in part for q, _ in window)
    model = Dkt(skills, args.width, 0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        order = [train[i] for i in torch.randperm(len(train)).tolist()]
        began, total, answers = time.time(), 0.0, 0
        model.train()
        for q, r, valid in batches(order, args.batch, args.trim):
            optimizer.zero_grad()
            logits = model(q, r)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[valid], r[:, 1:][valid].float())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * valid.sum().item()
            answers += valid.sum().item()
        seconds = time.time() - began
        model.eval()
        scores, labels = [], []
        with torch.no_grad():
            for q, r, valid in batches(held, args.batch, args.trim):
                scores.append(model(q, r)[valid])
                labels.append(r[:, 1:][valid])
        print(
            json.dumps({
                "epoch": epoch,
                "seconds": round(seconds, 2),
                "answers_per_second": round(answers / seconds),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "loss": round(total / answers, 4),
                "auc": round(auc(torch.cat(scores), torch.cat(labels)), 4),
                "threads": torch.get_num_threads(),
            }),
            flush=True,
        )


main()
