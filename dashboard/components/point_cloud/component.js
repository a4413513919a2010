// The clouds as a component of the app. Streamlit calls the function below again at every change of data or theme, so
// all state lives on the mounted element.

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".cl");
  const cloud = (parentElement.__cloud ||= createCloud(root, { asset: (name) => assets.get(name), told: () => {} }));
  cloud.host.told = ({ pinned }) => {
    clearTimeout(cloud.telling);
    cloud.telling = setTimeout(() => setStateValue("pinned", pinned), 300); // stepping through points is quick
  };
  cloud.update(data);
  return () => {
    clearTimeout(cloud.telling);
    cloud.destroy();
    delete parentElement.__cloud;
  };
}
