-- Daily closes, oldest to newest: what every feature is computed from.
CREATE TABLE commodity_prices_daily (
    symbol text NOT NULL CHECK (symbol ~ '^[A-Z0-9][A-Z0-9._-]{0,31}$'),
    day date NOT NULL,
    close numeric(14, 4) NOT NULL CHECK (close > 0),
    PRIMARY KEY (symbol, day)
);

-- Averages and trends at the close of each day that has 90 days before it.
CREATE TABLE price_trends (
    symbol text NOT NULL,
    day date NOT NULL,
    average_7 double precision NOT NULL,
    average_30 double precision NOT NULL,
    average_90 double precision NOT NULL,
    trend_7 double precision NOT NULL,
    trend_30 double precision NOT NULL,
    momentum_1 double precision NOT NULL,
    momentum_7 double precision NOT NULL,
    momentum_30 double precision NOT NULL,
    PRIMARY KEY (symbol, day),
    FOREIGN KEY (symbol, day) REFERENCES commodity_prices_daily ON DELETE CASCADE
);

-- Volatility, range, performance and calendar of the same days.
CREATE TABLE market_indicators (
    symbol text NOT NULL,
    day date NOT NULL,
    last_close double precision NOT NULL,
    volatility_7 double precision NOT NULL,
    volatility_30 double precision NOT NULL,
    low_30 double precision NOT NULL,
    high_30 double precision NOT NULL,
    performance_index double precision NOT NULL,
    weekday_sin double precision NOT NULL,
    weekday_cos double precision NOT NULL,
    year_sin double precision NOT NULL,
    year_cos double precision NOT NULL,
    PRIMARY KEY (symbol, day),
    FOREIGN KEY (symbol, day) REFERENCES commodity_prices_daily ON DELETE CASCADE
);

-- Predictions of the topic ml-predictions, for whoever keeps them beyond the topic's retention.
CREATE TABLE ml_predictions (
    prediction_id uuid PRIMARY KEY,
    symbol text NOT NULL,
    model_version text NOT NULL,
    predicted_at timestamptz NOT NULL,
    prediction double precision NOT NULL,
    confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1)
);

CREATE INDEX ml_predictions_by_symbol ON ml_predictions (symbol, predicted_at);
