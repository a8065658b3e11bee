-- What a release with this schema stored: two runs of a map, their prices and listing.
INSERT INTO store.prices VALUES
    ('coinmarketcap', '1', '2026-01-29', 9.5, 11, 9, 10, 1000, 1e9, 500),
    ('coinmarketcap', '1', '2026-01-30', 10, 12, 10, 11, NULL, NULL, NULL),
    ('coinmarketcap', '1', '2026-01-31', 11, 12, 10, 10.5, 1000, 1e9, 500),
    ('coinmarketcap', '825', '2026-01-29', 1, 1, 1, 1, 1, 1, 1),
    ('coinmarketcap', '825', '2026-01-30', 1, 1, 1, 1.5, 1, 1, 1),
    ('coinmarketcap', '825', '2026-01-31', 1, 1, 1, 1.25, 1, 1, 1);
INSERT INTO store.asked VALUES ('coinmarketcap', '1', '2025-01-01', '2026-01-31');
INSERT INTO store.listings VALUES
    ('coinmarketcap', '2026-01-31', 1, '1', 'BTC', 'Bitcoin', 1e12, 1e9, ['mineable']),
    ('coinmarketcap', '2026-01-31', 2, '825', '<img src=x>', '''; DROP TABLE runs; --', NULL, 2, []);
INSERT INTO store.runs VALUES (
    '00000000000000aa', 'crypto', '2026-01-31', '2026-02-01 00:31:00',
    '9cde4efc58987e319f652f16d0a3c48a9a4ccca9b4159413f58a57de34283f7d',
    '{"gates":{"foreign_correlation":0.5,"foreign_volatility_ratio":0.2,"jump":3.0,"max_frozen":0.2,"max_frozen_run":7,"max_missing":0.02,"min_assets":10,"min_days":30,"min_on_day":0.95,"pegged_volatility":0.003,"twin_correlation":0.98,"twin_days":60},"model":{"clustering":{"convergence_iter":50,"damping":0.9,"max_iter":2000,"preference":"median","seed":0},"embedding":{"neighbours":6,"seed":0},"graph":{"edge_threshold":0.02},"precision":{"alphas":4,"enet_tol":null,"folds":5,"max_iter":200,"method":"marketmap","refinements":4,"tol":0.0001}},"returns":"log","source":{"kind":"coinmarketcap"},"universe":{"candidates":null,"excluded_assets":[],"excluded_tags":["stablecoin","wrapped-tokens","liquid-staking-derivatives","liquid-restaking-tokens","tokenized-gold","tokenized-silver","tokenized-commodities","tokenized-assets","tokenized-stock"],"rank_by":"auto","size":100},"window_days":40}',
    'coinmarketcap', false, false, ['it''s so'], MAP {'python': '3.11.9', 'duckdb': '2.0.0'},
    ['2026-01-29', '2026-01-30', '2026-01-31'], 0.02, 2, 2, '2026-01-30', '2026-01-31', 0, 0.25, 0,
    true, 7, 0.00001, 4.0, true, 51, 1, 1, 0.001, 0.002, NULL, NULL, NULL, NULL
);
INSERT INTO store.runs VALUES (
    '00000000000000bb', 'crypto', '2026-01-30', '2026-02-02 00:31:00',
    '9cde4efc58987e319f652f16d0a3c48a9a4ccca9b4159413f58a57de34283f7d',
    '{"gates":{"foreign_correlation":0.5,"foreign_volatility_ratio":0.2,"jump":3.0,"max_frozen":0.2,"max_frozen_run":7,"max_missing":0.02,"min_assets":10,"min_days":30,"min_on_day":0.95,"pegged_volatility":0.003,"twin_correlation":0.98,"twin_days":60},"model":{"clustering":{"convergence_iter":50,"damping":0.9,"max_iter":2000,"preference":"median","seed":0},"embedding":{"neighbours":6,"seed":0},"graph":{"edge_threshold":0.02},"precision":{"alphas":4,"enet_tol":null,"folds":5,"max_iter":200,"method":"marketmap","refinements":4,"tol":0.0001}},"returns":"log","source":{"kind":"coinmarketcap"},"universe":{"candidates":null,"excluded_assets":[],"excluded_tags":["stablecoin","wrapped-tokens","liquid-staking-derivatives","liquid-restaking-tokens","tokenized-gold","tokenized-silver","tokenized-commodities","tokenized-assets","tokenized-stock"],"rank_by":"auto","size":100},"window_days":40}',
    'coinmarketcap', false, false, ['it''s so'], MAP {'python': '3.11.9', 'duckdb': '2.0.0'},
    ['2026-01-29', '2026-01-30', '2026-01-31'], 0.02, 2, 2, '2026-01-30', '2026-01-31', 0, 0.25, 0,
    true, 7, 0.00001, 4.0, true, 51, 1, 1, 0.001, 0.002, NULL, NULL, NULL, NULL
);
INSERT INTO store.run_assets VALUES
    ('00000000000000aa', 0, '825', '<img src=x>', '''; DROP TABLE runs; --', 1, true, 2, NULL, 2, 1.25),
    ('00000000000000aa', 1, '1', 'BTC', 'Bitcoin', 1, false, 1, 1e12, 1e9, 10.5),
    ('00000000000000bb', 0, '825', '<img src=x>', '''; DROP TABLE runs; --', 1, true, 2, NULL, 2, 1.25),
    ('00000000000000bb', 1, '1', 'BTC', 'Bitcoin', 1, false, 1, 1e12, 1e9, 10.5);
INSERT INTO store.run_edges VALUES
    ('00000000000000aa', '825', '1', 0.5),
    ('00000000000000bb', '825', '1', 0.5);
INSERT INTO store.run_positions VALUES
    ('00000000000000aa', 'lle_2d', '825', 0.5, -0.5, NULL),
    ('00000000000000aa', 'lle_2d', '1', -0.5, 0.5, NULL),
    ('00000000000000aa', 'lle_3d', '825', 0.5, -0.5, 0.25),
    ('00000000000000aa', 'lle_3d', '1', -0.5, 0.5, -0.25),
    ('00000000000000bb', 'lle_2d', '825', 0.5, -0.5, NULL),
    ('00000000000000bb', 'lle_2d', '1', -0.5, 0.5, NULL),
    ('00000000000000bb', 'lle_3d', '825', 0.5, -0.5, 0.25),
    ('00000000000000bb', 'lle_3d', '1', -0.5, 0.5, -0.25);
INSERT INTO store.run_matrices VALUES
    ('00000000000000aa', 0, [1, 0.5], [1, 0.5], [2, -1]),
    ('00000000000000aa', 1, [0.5, 1], [0.5, 1], [-1, 2]),
    ('00000000000000bb', 0, [1, 0.5], [1, 0.5], [2, -1]),
    ('00000000000000bb', 1, [0.5, 1], [0.5, 1], [-1, 2]);
INSERT INTO store.run_cv_scores VALUES
    ('00000000000000aa', 0.25, -3.5, 0.5),
    ('00000000000000aa', 0.5, '-infinity', NULL);
INSERT INTO store.run_exclusions VALUES
    ('00000000000000aa', 0, '3408', 'USDC', 'USD Coin', 3, 'tag', 'tagged stablecoin');
INSERT INTO store.run_repairs VALUES
    ('00000000000000aa', 0, '825', '<img src=x>', 'x', '2026-01-30', 0.125, 'redenomination', 'x 8');
