"""What one reader's SQL may use: tables, columns of system tables, table functions, settings, and functions by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chimera_metrics.integrations.guard.functions import COMBINATORS, aggregate_names, function_names, words

TABLES = words("""
bench_runs llm_events ui_events episodes deployments watcher_runs session_stats llm_events_hourly ui_events_hourly
alembic_version""")

# System tables, and the columns of each that may be read (None: all). Left out are paths on disk, disks and storage
# policies, definitions that can hold credentials or name other sources, and what tells about values of other tables.
SYSTEM_TABLES: Mapping[str, frozenset[str] | None] = {
    "one": None,
    "numbers": None,
    "numbers_mt": None,
    "zeros": None,
    "tables": words("""
database table name engine is_temporary metadata_modification_time partition_key sorting_key primary_key sampling_key
total_rows total_bytes total_bytes_uncompressed parts active_parts total_marks comment has_own_data"""),
    "columns": words("""
database table name type position default_kind data_compressed_bytes data_uncompressed_bytes marks_bytes comment
is_in_partition_key is_in_sorting_key is_in_primary_key is_in_sampling_key compression_codec character_octet_length
numeric_precision numeric_precision_radix numeric_scale datetime_precision"""),
    "parts": words("""
database table name part_name partition partition_id part_type active visible rows marks files bytes bytes_on_disk
data_compressed_bytes data_uncompressed_bytes primary_key_size marks_bytes modification_time remove_time refcount
min_date max_date min_time max_time min_block_number max_block_number level engine"""),
    "functions": words("""
name is_aggregate case_insensitive alias_to origin description syntax arguments parameters returned_value examples
introduced_in categories deterministic higher_order"""),
}

# The standard's views over these tables, in the words that other databases have them in. Both databases and both views
# are there in capitals too. Left out are the expressions of defaults.
INFORMATION_SCHEMA = words("information_schema INFORMATION_SCHEMA")
_STANDARD_TABLES = words("""
table_catalog table_schema table_name table_type table_rows data_length index_length table_collation table_comment
engine version row_format avg_row_length max_data_length data_free auto_increment create_time update_time check_time
checksum create_options""")
_STANDARD_COLUMNS = words("""
table_catalog table_schema table_name column_name ordinal_position is_nullable data_type character_maximum_length
character_octet_length numeric_precision numeric_precision_radix numeric_scale datetime_precision character_set_name
collation_name extra column_comment column_type column_key""")
STANDARD_VIEWS: Mapping[str, frozenset[str]] = {
    "tables": _STANDARD_TABLES | {name.upper() for name in _STANDARD_TABLES},
    "columns": _STANDARD_COLUMNS | {name.upper() for name in _STANDARD_COLUMNS},
}

# The columns left out: no alias may borrow one of these names in a query on a system table.
HIDDEN_SYSTEM_COLUMNS = words("""
data_paths metadata_path path disk_name create_table_query engine_full as_select create_query storage_policy
default_expression serialization_hint statistics definer target_database target_table dependencies_database
dependencies_table loading_dependencies_table loading_dependent_table part_storage_type
column_default COLUMN_DEFAULT generation_expression GENERATION_EXPRESSION""")

# Columns of the rollups that hold states of aggregates. The engine's native code trusts the bytes of a state.
STATE_COLUMNS = words("latency_quantiles_ms sessions")
ROLLUPS = words("llm_events_hourly ui_events_hourly")

# Columns of the tables that hold no text: their values are as long as their types.
SHORT_COLUMNS = words("""
abandonment_rate avg_latency_ms commit_sha confidence_score correlation_strength cost_per_1k cost_total cost_usd
duration_ms duration_seconds episode_num episode_run_id error_rate events events_count hearts_commit hearts_rows_found
hour lag_seconds latency_count latency_max_ms latency_min_ms latency_ms latency_p50_ms latency_p95_ms latency_p99_ms
latency_sum_ms memory_peak_mb packs_commit packs_rows_found received_at run_id schema_version session_id tokens_in
tokens_out tokens_per_sec tokens_total ts""")

# Names that the engine reads as functions without brackets, and answers with the account's name.
ACCOUNT_NAMES = words("user current_user session_user system_user current_role current_roles")

TABLE_FUNCTIONS = words("numbers numbers_mt generate_series generateseries values sqlstandardvalues")

# These change how a query is executed, never how much it may use, where it writes or what it is called in logs.
SETTINGS = words("""
max_threads max_block_size join_use_nulls join_algorithm group_by_use_nulls aggregate_functions_null_for_empty
transform_null_in any_join_distinct_right_table_keys union_default_mode optimize_read_in_order
optimize_aggregation_in_order optimize_move_to_prewhere enable_optimize_predicate_expression use_skip_indexes
force_index_by_date force_primary_key totals_mode optimize_use_projections""")

# With these values a benchmark run that was sent again counts once. A statement may repeat them, but not change them.
FIXED_SETTINGS: Mapping[str, int] = {
    "final": 1,
    "defer_partition_pruning_after_final": 1,
    "apply_prewhere_after_final": 1,
    "do_not_merge_across_partitions_select_final": 0,
}

# Tables whose newer rows replace older ones, and the columns by which the engine skips parts before it looks which row
# is the newest: a condition on such a column would bring replaced rows back.
REPLACING_TABLES = words("bench_runs")
PHYSICAL_COLUMNS = words("""
_part _part_index _part_starting_offset _part_uuid _partition_id _sample_factor _part_offset _part_granule_offset
_part_data_version _disk_name _partition_value _row_exists _block_number _block_offset""")


@dataclass(frozen=True)
class Rules:
    """What one reader may use; the defaults allow the seven tables and their rollups."""

    database: str = "chimera_metrics"
    tables: frozenset[str] = TABLES
    # The database's other tables. No CTE or alias may borrow their names: whether such a table is read must not depend
    # on how we, or a newer engine, interpret the rules of scope.
    hidden: frozenset[str] = frozenset(
        {"audit_log", "insert_ledger", "retention_rules", "watches", "watch_alarms", "watch_turns"}
    )
    system_tables: Mapping[str, frozenset[str] | None] = field(default_factory=lambda: SYSTEM_TABLES)
    table_functions: frozenset[str] = TABLE_FUNCTIONS
    settings: frozenset[str] = SETTINGS
    max_bytes: int = 60_000

    def allows_function(self, name: str) -> bool:
        """Whether `name`, in any case, is a listed function or aggregate."""
        return name.lower() in function_names() or self.allows_aggregate(name)

    def allows_aggregate(self, name: str) -> bool:
        """Whether `name` is a listed aggregate, with any combinators behind it."""
        if name.lower() in aggregate_names():
            return True
        return any(
            name.endswith(end) and self.allows_aggregate(name.removesuffix(end)) for end in COMBINATORS if name != end
        )
