"""What the price model is made of: records, histories, the generated market and the one definition of its features.

Training, the feature job and serving import the same functions, so a feature cannot mean one thing in one of them
and another in the next. All of it needs numpy and pydantic only; growing or reading a forest takes LightGBM.
"""

MODEL_NAME = "commodity-price"
