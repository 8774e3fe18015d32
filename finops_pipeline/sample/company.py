"""Who the sample company is: its teams, machines, models, datasets and prices, as plain tables.

Only facts live here. How they become days, hours and shares is `plan.py`; how the clouds bill them is one module a
cloud. Every number is chosen so that each split of a cost is a finite decimal: see `plan.py`.
"""

from typing import NamedTuple

COMPANY = "Acme Intelligence"
AWS_SOURCE, GCP_SOURCE, AZURE_SOURCE = "aws-payer", "gcp-main", "azure-ea"
AWS_PAYER = "999988887777"
GCP_BILLING_ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
AZURE_ENROLLMENT = "8620413"

SHARES = 64
"""A machine-day is handed out in 64 equal shares of its GPU-hours, a bucket-day in 64 shares of its bytes."""


class Pool(NamedTuple):
    """Machines of one kind in one GPU cluster. Prices are USD an hour of one whole machine unless said otherwise."""

    pool: str
    provider: str
    cluster: str
    node_pool: str
    machine: str
    gpu_model: str
    gpus: int
    nodes: int  # a power of two: the shares of a whole pool stay finite decimals
    capacity_type: str
    level: str  # what telemetry can name: node, node_pool (Azure bills a scale set) or cluster
    account: str
    region: str
    price: str  # AWS and Azure: machine-hour on demand or spot; GCP: GPU-hour
    committed_price: str  # savings plan or reservation rate, else 0
    cores: int
    core_price: str
    ram: int
    ram_price: str


POOLS = (
    Pool("aws-train", "aws", "eks-train-use1", "h100", "p5.48xlarge", "H100", 8, 4, "reserved", "node",
         "ml-training", "us-east-1", "55.04", "34.4", 192, "0", 2048, "0"),
    Pool("aws-batch", "aws", "eks-train-use1", "a10g-spot", "g5.12xlarge", "A10G", 4, 4, "spot", "node",
         "ml-training", "us-east-1", "2.1", "0", 48, "0", 192, "0"),
    Pool("aws-serve", "aws", "eks-serve-use1", "a10g", "g5.12xlarge", "A10G", 4, 4, "on_demand", "node",
         "ml-serving", "us-east-1", "5.672", "0", 48, "0", 192, "0"),
    Pool("aws-lab", "aws", "eks-lab-use1", "lab", "g5.xlarge", "A10G", 1, 4, "on_demand", "cluster",
         "ml-lab", "us-east-1", "1.006", "0", 4, "0", 16, "0"),
    Pool("gcp-train", "gcp", "gke-train-usc1", "h100", "a3-highgpu-8g", "H100", 8, 2, "on_demand", "node",
         "acme-train", "us-central1", "6.8", "0", 208, "0.029917", 1872, "0.002603"),
    Pool("gcp-sweep", "gcp", "gke-train-usc1", "a100-spot", "a2-ultragpu-8g", "A100-80GB", 8, 2, "spot", "node",
         "acme-train", "us-central1", "1.5716", "0", 96, "0.012644", 1360, "0.001695"),
    Pool("gcp-serve", "gcp", "gke-serve-usc1", "l4", "g2-standard-48", "L4", 4, 4, "on_demand", "node",
         "acme-serve", "us-central1", "0.560004", "0", 48, "0.024988", 192, "0.002927"),
    Pool("gcp-small", "gcp", "gke-serve-usc1", "t4", "n1-standard-16", "T4", 4, 2, "on_demand", "node",
         "acme-serve", "us-central1", "0.35", "0", 16, "0.031611", 60, "0.004237"),
    Pool("azure-train", "azure", "aks-train-weu", "aks-h100-31415926-vmss", "Standard_ND96isr_H100_v5", "H100", 8, 2,
         "reserved", "node_pool", "sub-training", "westeurope", "98.32", "58.25", 96, "0", 1900, "0"),
    Pool("azure-serve", "azure", "aks-serve-weu", "aks-a100-27182818-vmss", "Standard_NC24ads_A100_v4", "A100-80GB", 1,
         4, "on_demand", "node_pool", "sub-serving", "westeurope", "3.673", "0", 24, "0", 220, "0"),
    Pool("azure-batch", "azure", "aks-serve-weu", "aks-a100spot-16180339-vmss", "Standard_NC24ads_A100_v4", "A100-80GB",
         1, 4, "spot", "node_pool", "sub-serving", "westeurope", "1.1019", "0", 24, "0", 220, "0"),
)  # fmt: skip


class Workload(NamedTuple):
    """Who uses a pool: `shares` of 64 of each machine's GPU-hours a day, give or take `wobble`."""

    pool: str
    workload: str
    workload_type: str  # training | serving | batch | notebook | evaluation | data_preparation
    team: str
    project: str
    environment: str
    model_name: str | None
    model_version: str | None
    shares: int
    wobble: int
    gpu_fraction: str  # what a pod asks of one GPU
    requests_per_gpu_hour: int  # serving only


WORKLOADS = (
    Workload("aws-train", "pretrain-aurora", "training", "foundation", "aurora", "prod", "aurora-70b", "v3",
             36, 2, "1", 0),
    Workload("aws-train", "sft-aurora", "training", "foundation", "aurora-chat", "prod", "aurora-70b-chat", "v3",
             13, 3, "1", 0),
    Workload("aws-train", "eval-harness", "evaluation", "research", "evals", "dev", "aurora-70b-chat", "v3",
             3, 3, "0.5", 0),
    Workload("aws-batch", "ablation-sweep", "training", "research", "ablations", "dev", "aurora-8b", "v4-dev",
             25, 6, "1", 0),
    Workload("aws-batch", "embed-backfill", "batch", "search", "semantic-search", "prod", "embedder-large", "v4",
             18, 4, "0.5", 0),
    Workload("aws-serve", "assistant-chat", "serving", "assistant", "helpdesk", "prod", "aurora-8b-chat", "v2",
             30, 3, "1", 2900),
    Workload("aws-serve", "search-rerank", "serving", "search", "semantic-search", "prod", "reranker-base", "v5",
             13, 2, "0.5", 61000),
    Workload("aws-serve", "media-tagger", "serving", "vision", "media", "prod", "vit-tagger", "v1",
             7, 2, "0.25", 38000),
    Workload("aws-lab", "notebook-research", "notebook", "research", "exploration", "dev", None, None, 22, 6, "0.5", 0),
    Workload("aws-lab", "notebook-vision", "notebook", "vision", "exploration", "dev", None, None, 12, 6, "0.25", 0),
    Workload("gcp-train", "pretrain-vision", "training", "vision", "foundation-vision", "prod", "vit-huge", "v2",
             41, 3, "1", 0),
    Workload("gcp-train", "finetune-tagger", "training", "vision", "media", "prod", "vit-tagger", "v2", 11, 3, "1", 0),
    Workload("gcp-sweep", "rl-sweep", "training", "research", "rlhf", "dev", "aurora-8b", "v4", 30, 6, "1", 0),
    Workload("gcp-sweep", "distill-aurora", "training", "foundation", "aurora", "prod", "aurora-3b", "v1",
             17, 3, "1", 0),
    Workload("gcp-serve", "assistant-voice", "serving", "assistant", "voice", "prod", "whisper-acme", "v1",
             21, 3, "1", 1400),
    Workload("gcp-serve", "search-embed", "serving", "search", "semantic-search", "prod", "embedder-large", "v4",
             19, 2, "0.5", 120000),
    Workload("gcp-serve", "media-api", "serving", "vision", "media", "prod", "vit-tagger", "v2", 9, 3, "0.25", 41000),
    Workload("gcp-small", "spam-filter", "serving", "data-platform", "trust", "prod", "spam-mini", "v7",
             26, 4, "0.5", 210000),
    Workload("gcp-small", "ocr-docs", "serving", "vision", "documents", "prod", "ocr-lite", "v3", 15, 4, "0.5", 5200),
    Workload("azure-train", "pretrain-multilingual", "training", "foundation", "multilingual", "prod", "aurora-70b-ml",
             "v1", 44, 3, "1", 0),
    Workload("azure-train", "align-multilingual", "training", "foundation", "multilingual", "prod",
             "aurora-70b-ml-chat", "v1", 8, 4, "1", 0),
    Workload("azure-serve", "assistant-eu", "serving", "assistant", "helpdesk-eu", "prod", "aurora-8b-chat", "v2",
             27, 4, "1", 3100),
    Workload("azure-serve", "search-eu", "serving", "search", "semantic-search-eu", "prod", "reranker-base", "v5",
             20, 3, "0.5", 88000),
    Workload("azure-batch", "eval-eu", "evaluation", "research", "evals", "dev", "aurora-70b-ml-chat", "v1",
             18, 5, "1", 0),
    Workload("azure-batch", "synthetic-data", "data_preparation", "data-platform", "synthetic", "prod",
             "aurora-8b-chat", "v2", 24, 5, "1", 0),
)  # fmt: skip


class TokenMeter(NamedTuple):
    """One meter of a managed model, as its cloud names it. `price` is USD for `unit_tokens` tokens."""

    provider: str
    model: str
    direction: str  # input | output | cached
    meter: str
    unit: str
    unit_tokens: int
    price: str
    service: str
    share: int  # percent of the model's planned tokens


TOKEN_METERS = (
    TokenMeter("aws", "claude-sonnet-4.6", "input", "USE1-Claude4.6Sonnet-input-tokens", "1K tokens", 1000, "0.003",
               "AmazonBedrock", 100),
    TokenMeter("aws", "claude-sonnet-4.6", "output", "USE1-Claude4.6Sonnet-output-tokens", "1K tokens", 1000, "0.015",
               "AmazonBedrock", 22),
    TokenMeter("aws", "claude-sonnet-4.6", "cached", "USE1-Claude4.6Sonnet-cache-read-input-token-count", "1K tokens",
               1000, "0.0003", "AmazonBedrock", 160),
    TokenMeter("aws", "nova-pro", "input", "USE1-NovaPro-input-tokens", "1K tokens", 1000, "0.0008",
               "AmazonBedrock", 100),
    TokenMeter("aws", "nova-pro", "output", "USE1-NovaPro-output-tokens", "1K tokens", 1000, "0.0032",
               "AmazonBedrock", 30),
    TokenMeter("aws", "grok-4.3", "input", "USE1-xai.grok-4.3-mantle-input-tokens-standard", "1M tokens", 1000000, "3",
               "AmazonBedrockFoundationModels", 100),
    TokenMeter("aws", "grok-4.3", "output", "USE1-xai.grok-4.3-mantle-output-tokens-standard", "1M tokens", 1000000,
               "15", "AmazonBedrockFoundationModels", 18),
    TokenMeter("aws", "claude-opus-4.6", "input", "MP:USE1_InputTokenCount-Units", "Units", 1000000, "5",
               "marketplace", 100),
    TokenMeter("aws", "claude-opus-4.6", "output", "MP:USE1_OutputTokenCount-Units", "Units", 1000000, "25",
               "marketplace", 15),
    TokenMeter("gcp", "gemini-2.5-flash", "input", "Gemini 2.5 Flash GA Text Input - Predictions", "count", 1000000,
               "0.3", "C7E2-9256-1C43", 100),
    TokenMeter("gcp", "gemini-2.5-flash", "output", "Gemini 2.5 Flash GA Text Output - Predictions", "count", 1000000,
               "2.5", "C7E2-9256-1C43", 25),
    # The leading space is Google's own.
    TokenMeter("gcp", "gemini-2.5-flash", "cached", " Gemini 2.5 Flash GA Input Text Caching", "count", 1000000,
               "0.03", "C7E2-9256-1C43", 140),
    TokenMeter("gcp", "gemini-2.5-flash-lite", "input", "Gemini 2.5 Flash Lite GA Text Input - Predictions", "count",
               1000000, "0.1", "C7E2-9256-1C43", 100),
    TokenMeter("gcp", "gemini-2.5-flash-lite", "output", "Gemini 2.5 Flash Lite GA Text Output - Predictions", "count",
               1000000, "0.4", "C7E2-9256-1C43", 20),
    TokenMeter("gcp", "gemini-2.5-pro", "input", "Gemini 2.5 Pro GA Text Input - Predictions", "count", 1000000,
               "1.25", "C7E2-9256-1C43", 100),
    TokenMeter("gcp", "gemini-2.5-pro", "output", "Gemini 2.5 Pro GA Thinking Text Output - Predictions", "count",
               1000000, "10", "C7E2-9256-1C43", 30),
    TokenMeter("azure", "gpt-4o", "input", "gpt 4o 1120 Inp glbl Tokens", "1K", 1000, "0.0025", "Azure OpenAI", 100),
    TokenMeter("azure", "gpt-4o", "output", "gpt 4o 1120 Outp glbl Tokens", "1K", 1000, "0.01", "Azure OpenAI", 20),
    TokenMeter("azure", "gpt-4o", "cached", "gpt 4o 1120 cached Inp glbl Tokens", "1K", 1000, "0.00125",
               "Azure OpenAI", 90),
    TokenMeter("azure", "gpt-5-mini", "input", "GPT 5 Mini Inpt Glbl 1M Tokens", "1M", 1000000, "0.25",
               "Azure OpenAI GPT5", 100),
    TokenMeter("azure", "gpt-5-mini", "output", "GPT 5 Mini Outpt Glbl 1M Tokens", "1M", 1000000, "2",
               "Azure OpenAI GPT5", 35),
)  # fmt: skip


class TokenUser(NamedTuple):
    """A team that calls a managed model: thousands of input tokens on an average day. No team: nobody tagged it."""

    provider: str
    model: str
    account: str
    team: str | None
    project: str | None
    environment: str | None
    kilo_tokens_a_day: int


TOKEN_USERS = (
    TokenUser("aws", "claude-sonnet-4.6", "ml-serving", "assistant", "helpdesk", "prod", 96000),
    TokenUser("aws", "claude-sonnet-4.6", "ml-lab", "research", "agents", "dev", 42000),
    TokenUser("aws", "claude-sonnet-4.6", "ml-lab", None, None, None, 6000),
    TokenUser("aws", "nova-pro", "ml-serving", "search", "semantic-search", "prod", 180000),
    TokenUser("aws", "nova-pro", "ml-serving", "data-platform", "trust", "prod", 90000),
    TokenUser("aws", "grok-4.3", "ml-lab", "research", "evals", "dev", 21000),
    TokenUser("aws", "claude-opus-4.6", "ml-lab", "foundation", "aurora-chat", "dev", 14000),
    TokenUser("aws", "claude-opus-4.6", "ml-serving", "assistant", "voice", "prod", 18000),
    TokenUser("gcp", "gemini-2.5-flash", "acme-serve", "assistant", "voice", "prod", 240000),
    TokenUser("gcp", "gemini-2.5-flash", "acme-serve", "vision", "media", "prod", 130000),
    TokenUser("gcp", "gemini-2.5-flash-lite", "acme-serve", "search", "semantic-search", "prod", 400000),
    TokenUser("gcp", "gemini-2.5-pro", "acme-lab", "research", "agents", "dev", 48000),
    TokenUser("gcp", "gemini-2.5-pro", "acme-lab", None, None, None, 9000),
    TokenUser("azure", "gpt-4o", "sub-serving", "assistant", "helpdesk-eu", "prod", 84000),
    TokenUser("azure", "gpt-4o", "sub-serving", "data-platform", "synthetic", "prod", 60000),
    TokenUser("azure", "gpt-5-mini", "sub-serving", "search", "semantic-search-eu", "prod", 220000),
    TokenUser("azure", "gpt-5-mini", "sub-training", "research", "evals", "dev", 260000),
)  # fmt: skip


class BucketClass(NamedTuple):
    """Bytes of one storage class of a bucket: 64 shares of `unit` GB-months a day (GCP: of `unit` GB held)."""

    provider: str
    bucket: str
    storage_class: str  # standard | infrequent | cold | archive: the words of the usage feed
    meter: str
    unit: str
    price: str
    account: str
    tag_team: str | None  # on the bucket itself; the bytes inside belong to the datasets' teams all the same


BUCKET_CLASSES = (
    BucketClass("aws", "acme-datasets", "standard", "TimedStorage-ByteHrs", "210.5", "0.021", "ml-data",
                "data-platform"),
    BucketClass("aws", "acme-datasets", "archive", "TimedStorage-GlacierByteHrs", "640.25", "0.0036", "ml-data",
                "data-platform"),
    BucketClass("aws", "acme-checkpoints", "standard", "TimedStorage-ByteHrs", "120.75", "0.022", "ml-training", None),
    BucketClass("aws", "acme-checkpoints", "infrequent", "TimedStorage-SIA-ByteHrs", "96.5", "0.0125", "ml-training",
                None),
    BucketClass("aws", "acme-observability", "standard", "TimedStorage-ByteHrs", "14.25", "0.023", "ml-serving",
                "platform"),
    BucketClass("gcp", "acme-media", "standard", "Standard Storage US Multi-region", "3200", "0.026", "acme-data",
                None),
    BucketClass("gcp", "acme-media", "infrequent", "Nearline Storage US Multi-region", "4100", "0.015", "acme-data",
                None),
    BucketClass("gcp", "acme-embeddings", "standard", "Standard Storage US Regional", "900", "0.02", "acme-serve",
                "search"),
    BucketClass("azure", "acmelakeeu", "standard", "Hot LRS Data Stored", "66.5", "0.0196", "sub-data",
                "data-platform"),
    BucketClass("azure", "acmelakeeu", "infrequent", "Cool LRS Data Stored", "90.25", "0.01", "sub-data",
                "data-platform"),
    BucketClass("azure", "acmelakeeu", "archive", "Archive LRS Data Stored", "180.5", "0.0018", "sub-data",
                "data-platform"),
    BucketClass("azure", "acmevectorseu", "standard", "Hot LRS Data Stored", "18.75", "0.0196", "sub-serving", None),
)  # fmt: skip


class Dataset(NamedTuple):
    """A dataset's shares (of 64) of the bytes in a bucket's class. What no dataset explains stays unexplained."""

    bucket: str
    storage_class: str
    dataset: str
    team: str
    project: str
    byte_shares: int


DATASETS = (
    Dataset("acme-datasets", "standard", "webcrawl-2026", "foundation", "aurora", 31),
    Dataset("acme-datasets", "standard", "code-corpus", "foundation", "aurora", 14),
    Dataset("acme-datasets", "standard", "clickstream", "search", "semantic-search", 19),
    Dataset("acme-datasets", "archive", "webcrawl-2025", "foundation", "aurora", 49),
    Dataset("acme-datasets", "archive", "tickets-history", "assistant", "helpdesk", 15),
    Dataset("acme-checkpoints", "standard", "aurora-checkpoints", "foundation", "aurora", 42),
    # 4 of 64 shares are no dataset's: old versions and broken multipart uploads that the inventory does not list.
    Dataset("acme-checkpoints", "standard", "ablation-checkpoints", "research", "ablations", 18),
    Dataset("acme-checkpoints", "infrequent", "aurora-checkpoints", "foundation", "aurora", 64),
    Dataset("acme-observability", "standard", "traces", "platform", "observability", 40),
    Dataset("acme-observability", "standard", "prompt-logs", "assistant", "helpdesk", 24),
    Dataset("acme-media", "standard", "images-train", "vision", "foundation-vision", 37),
    Dataset("acme-media", "standard", "thumbnails", "vision", "media", 27),
    Dataset("acme-media", "infrequent", "video-raw", "vision", "foundation-vision", 50),
    Dataset("acme-media", "infrequent", "voice-calls", "assistant", "voice", 14),
    Dataset("acme-embeddings", "standard", "doc-embeddings", "search", "semantic-search", 45),
    Dataset("acme-embeddings", "standard", "faq-embeddings", "assistant", "helpdesk", 19),
    Dataset("acmelakeeu", "standard", "eu-crawl", "foundation", "multilingual", 39),
    Dataset("acmelakeeu", "standard", "eu-tickets", "assistant", "helpdesk-eu", 25),
    Dataset("acmelakeeu", "infrequent", "eu-crawl", "foundation", "multilingual", 52),
    Dataset("acmelakeeu", "infrequent", "synthetic-dialogs", "data-platform", "synthetic", 12),
    Dataset("acmelakeeu", "archive", "eu-crawl-2025", "foundation", "multilingual", 64),
    Dataset("acmevectorseu", "standard", "eu-embeddings", "search", "semantic-search-eu", 64),
)  # fmt: skip


class BucketRequests(NamedTuple):
    """A bucket's request meters: 64 shares of `unit` requests a day; `price` is USD a request."""

    provider: str
    bucket: str
    meter: str
    operation: str
    unit: int
    price: str
    block: int  # requests in the bill's unit


BUCKET_REQUESTS = (
    BucketRequests("aws", "acme-datasets", "Requests-Tier1", "PutObject", 9400, "0.000005", 1),
    BucketRequests("aws", "acme-datasets", "Requests-Tier2", "GetObject", 310000, "0.0000004", 1),
    BucketRequests("aws", "acme-checkpoints", "Requests-Tier1", "PutObject", 2100, "0.000005", 1),
    BucketRequests("aws", "acme-checkpoints", "Requests-Tier2", "GetObject", 5200, "0.0000004", 1),
    BucketRequests("aws", "acme-observability", "Requests-Tier1", "PutObject", 15500, "0.000005", 1),
    BucketRequests("gcp", "acme-media", "Multi-Region Standard Class A Operations", "insert", 4400, "0.00001", 1),
    BucketRequests("gcp", "acme-media", "Multi-Region Standard Class B Operations", "get", 260000, "0.0000004", 1),
    BucketRequests("gcp", "acme-embeddings", "Regional Standard Class B Operations", "get", 820000, "0.0000004", 1),
    BucketRequests("azure", "acmelakeeu", "Hot LRS Write Operations", "PutBlob", 10000, "0.0000054", 10000),
    BucketRequests("azure", "acmelakeeu", "Hot Read Operations", "GetBlob", 180000, "0.00000043", 10000),
    BucketRequests("azure", "acmevectorseu", "Hot Read Operations", "GetBlob", 450000, "0.00000043", 10000),
)  # fmt: skip

REQUEST_SHARES = (
    ("acme-datasets", "webcrawl-2026", 25), ("acme-datasets", "code-corpus", 21), ("acme-datasets", "clickstream", 18),
    ("acme-checkpoints", "aurora-checkpoints", 47), ("acme-checkpoints", "ablation-checkpoints", 17),
    ("acme-observability", "traces", 55), ("acme-observability", "prompt-logs", 9),
    ("acme-media", "images-train", 23), ("acme-media", "thumbnails", 38), ("acme-media", "voice-calls", 3),
    ("acme-embeddings", "doc-embeddings", 51), ("acme-embeddings", "faq-embeddings", 13),
    ("acmelakeeu", "eu-crawl", 44), ("acmelakeeu", "eu-tickets", 20),
    ("acmevectorseu", "eu-embeddings", 64),
)  # fmt: skip
"""(bucket, dataset, shares of 64 of the bucket's requests)."""

VOLUME_OWNERS = (
    ("assistant", "helpdesk", "prod"),
    ("search", "semantic-search", "prod"),
    ("vision", "media", "prod"),
    ("foundation", "aurora", "prod"),
    ("research", "exploration", "dev"),
    ("data-platform", "trust", "prod"),
    ("platform", "clusters", "prod"),
    (None, None, None),
)
"""Disks go round these owners; the last one is nobody."""


class Entity(NamedTuple):
    """A customer or product the business counts: units on an average day, and what a unit brings in, in USD."""

    metric: str
    entity: str
    units: int
    price: str | None


ENTITIES = (
    Entity("prompts", "northwind", 210000, "0.0042"),
    Entity("prompts", "contoso", 155000, "0.0040"),
    Entity("prompts", "fabrikam", 64000, "0.0049"),
    Entity("prompts", "tailspin", 22000, "0.0011"),
    Entity("active_users", "helpdesk", 5200, None),
    Entity("active_users", "voice", 1900, None),
    Entity("documents", "invoices", 140000, "0.0006"),
    Entity("documents", "contracts", 46000, "0.0018"),
)

RETENTION_DAYS = (
    ("traces", "platform", 14), ("prompt-logs", "assistant", 30), ("thumbnails", "vision", 20),
    ("clickstream", "search", 45), ("webcrawl-2025", "foundation", 365),
)  # fmt: skip
"""(dataset, owner, days it may stay)."""

NAMED_BY_PREFIX = ("acme-media", "thumbnails")
"""(bucket, dataset): the feeds name the prefix only, and datasets.yaml says whose it is."""
