"""The app: page settings and navigation, nothing else."""

import streamlit as st

# Drawn here, since an icon by name or an emoji is fetched from another host.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="6" fill="#0072B2"/>
<path d="M3 18h6l2-4 2 4h2l2-12 3 20 3-8h6" fill="none" stroke="#FFF" stroke-width="2.5" stroke-linejoin="round"/>
</svg>"""

st.set_page_config(page_title="ECG photo screener", page_icon=ICON, layout="wide")
places = [
    st.Page("pages/screen.py", title="Screen", icon=":material/cardiology:", default=True),
    st.Page("pages/review.py", title="Review", icon=":material/draw:"),
    st.Page("pages/dataset.py", title="Dataset", icon=":material/database:"),
    st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
    st.Page("pages/models.py", title="Models", icon=":material/network_node:"),
]
page = st.navigation(places, position="top")
# On a phone Streamlit's navigation is a drawer that stays open over the page: style.css shows these links instead.
with st.container(key="phone-navigation", horizontal=True):
    for place in places:
        st.page_link(place, icon="")
st.session_state["navigated"] = True
page.run()
