"""What the engine's tree of a statement may be made of: types of nodes, and the parts that each may have.

What is not listed is refused, so a new clause of a newer engine stays closed until somebody has read what it does.
"""

from collections.abc import Mapping

from chimera_metrics.integrations.guard.functions import words

# INTO OUTFILE and FORMAT are parts of a query (out_file, format_ast) that are left out here.
OUTFILE_FLAGS = words("is_outfile_append is_outfile_truncate is_into_outfile_with_stdout")
ALLOWED_PARTS: Mapping[str, frozenset[str]] = {
    "SelectWithUnionQuery": words("union_mode list_of_modes list_of_selects") | OUTFILE_FLAGS,
    "SelectQuery": words("""
with recursive_with select distinct tables prewhere where group_by group_by_all group_by_with_cube
group_by_with_grouping_sets group_by_with_rollup having window qualify order_by order_by_all
interpolate limit_by limit_by_all limit_by_length limit_by_offset limit_length limit_offset limit_with_ties
settings"""),
    "ExplainQuery": words("kind settings query") | OUTFILE_FLAGS,
    "ExpressionList": words("children"),
    "Subquery": words("children alias"),
    "WithElement": words("name subquery is_materialized"),
    "Function": words("""
name arguments parameters alias is_operator is_lambda_function is_window_function kind window_definition window_name
nulls_action"""),
    "Identifier": words("name name_parts alias"),
    "Literal": words("value alias"),
    "QueryParameter": words("name param_type alias"),
    "Asterisk": words("transformers"),
    "QualifiedAsterisk": words("qualifier transformers"),
    "ColumnsRegexpMatcher": words("pattern transformers"),
    "ColumnsListMatcher": words("column_list transformers"),
    "QualifiedColumnsRegexpMatcher": words("qualifier pattern transformers"),
    "QualifiedColumnsListMatcher": words("qualifier column_list transformers"),
    "ColumnsTransformerList": words("children"),
    "ColumnsApplyTransformer": words("func_name parameters lambda lambda_arg"),
    "ColumnsExceptTransformer": words("children is_strict pattern"),
    "ColumnsReplaceTransformer": words("children is_strict"),
    "ColumnsReplaceTransformerReplacement": words("name children"),
    "TablesInSelectQuery": words("children"),
    "TablesInSelectQueryElement": words("table_expression table_join array_join"),
    "TableExpression": words("database_and_table_name table_function subquery final sample_size sample_offset"),
    "TableIdentifier": words("name name_parts alias"),
    "TableJoin": words("kind strictness locality is_natural on_expression using_expression_list"),
    "ArrayJoin": words("kind expression_list"),
    "SampleRatio": words("numerator denominator"),
    "OrderByElement": words("""
expression direction nulls_direction nulls_direction_was_explicitly_specified collation with_fill fill_from fill_to
fill_step fill_staleness"""),
    "InterpolateElement": words("column expr"),
    "WindowListElement": words("name definition"),
    "WindowDefinition": words("""
parent_window_name partition_by order_by frame_is_default frame_type frame_begin_type frame_begin_offset
frame_begin_preceding frame_end_type frame_end_offset frame_end_preceding"""),
    "SetQuery": words("changes"),
}

# The engine evaluates constants of these parts in a context of their own, which may not see a CTE: a name in them is
# always taken for a table.
EVALUATED_APART = words("""
parameters limit_by_length limit_by_offset limit_length limit_offset fill_from fill_to fill_step fill_staleness
interpolate frame_begin_offset frame_end_offset sample_size sample_offset""")

EXPLAIN_KINDS = words("AST SYNTAX PLAN PIPELINE ESTIMATE") | {"", "QUERY TREE"}

EXPLAIN_SETTINGS = words("""
actions compact description dump_ast dump_passes dump_tree graph header indexes json keep_logical_steps oneline optimize
passes pretty projections query_tree_passes run_passes run_query_tree_passes sorting""")
