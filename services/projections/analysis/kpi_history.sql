-- How the published KPIs went: each value of the portfolio and of each unit from the moment that it was another one.
SELECT computed_at, as_of, kpi, by, grp AS unit, standing, value, n FROM kpi_values
