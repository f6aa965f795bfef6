"""The paper's figures: frames from records, drawings from frames."""
