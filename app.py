"""The app: page settings and navigation, nothing else."""

import streamlit as st

st.set_page_config(page_title="ECG photo screener", page_icon=":material/cardiology:", layout="wide")
page = st.navigation(
    [
        st.Page("pages/screen.py", title="Screen", icon=":material/cardiology:", default=True),
        st.Page("pages/review.py", title="Review", icon=":material/draw:"),
        st.Page("pages/dataset.py", title="Dataset", icon=":material/database:"),
        st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
        st.Page("pages/models.py", title="Models", icon=":material/network_node:"),
    ],
    position="top",
)
st.session_state["navigated"] = True
page.run()
