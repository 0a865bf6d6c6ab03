#include "reference/kubelet/service_environment.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::kubelet {
namespace {

std::shared_ptr<const corev1::Service> service_named(const std::string& namespace_, const std::string& name, const std::string& spec) {
  const auto decoded = api::decode_json(corev1::Service::info(), R"({"metadata":{"namespace":")" + namespace_ + R"(","name":")" + name + R"("},"spec":)" + spec + "}");
  EXPECT_TRUE(decoded.ok()) << spec;
  return std::static_pointer_cast<const corev1::Service>(*decoded);
}

Variables told(const std::string& namespace_, std::optional<bool> links, const std::vector<std::shared_ptr<const corev1::Service>>& services) {
  corev1::Pod pod;
  pod.metadata.namespace_ = namespace_;
  if (links) pod.spec.enableServiceLinks = *links;
  return service_environment(services, pod);
}

const auto api_server = service_named("default", "kubernetes", R"({"clusterIP":"10.96.0.1","ports":[{"name":"https","port":443}]})");

TEST(ServiceEnvironment, TellsOfEachPort) {
  const auto web = service_named("a", "my-web", R"({"clusterIP":"10.96.0.9","ports":[{"name":"http-in","port":80,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}]})");
  EXPECT_EQ(told("a", {}, {web}), (Variables{{"MY_WEB_SERVICE_HOST", "10.96.0.9"},
                                             {"MY_WEB_SERVICE_PORT", "80"},
                                             {"MY_WEB_SERVICE_PORT_HTTP_IN", "80"},
                                             {"MY_WEB_SERVICE_PORT_DNS", "53"},
                                             {"MY_WEB_PORT", "tcp://10.96.0.9:80"},
                                             {"MY_WEB_PORT_80_TCP", "tcp://10.96.0.9:80"},
                                             {"MY_WEB_PORT_80_TCP_PROTO", "tcp"},
                                             {"MY_WEB_PORT_80_TCP_PORT", "80"},
                                             {"MY_WEB_PORT_80_TCP_ADDR", "10.96.0.9"},
                                             {"MY_WEB_PORT_53_UDP", "udp://10.96.0.9:53"},
                                             {"MY_WEB_PORT_53_UDP_PROTO", "udp"},
                                             {"MY_WEB_PORT_53_UDP_PORT", "53"},
                                             {"MY_WEB_PORT_53_UDP_ADDR", "10.96.0.9"}}));
}

TEST(ServiceEnvironment, TellsOfItsNamespaceAndTheApiServer) {
  const auto hosts = [](const Variables& variables) {
    std::string text;
    for (const auto& [name, value] : variables)
      if (name.ends_with("_SERVICE_HOST")) text += name.substr(0, name.size() - 13) + "=" + value + " ";
    return text;
  };
  const auto web = service_named("a", "web", R"({"clusterIP":"10.96.0.9"})"), headless = service_named("a", "none", R"({"clusterIP":"None"})"),
             external = service_named("a", "far", R"({"type":"ExternalName","externalName":"far.example"})"), six = service_named("a", "six", R"({"clusterIP":"fd00::9","ports":[{"port":80}]})"),
             own = service_named("b", "kubernetes", R"({"clusterIP":"10.96.0.77"})");
  const std::vector<std::shared_ptr<const corev1::Service>> all = {own, api_server, web, headless, external, six};
  EXPECT_EQ(hosts(told("a", {}, all)), "KUBERNETES=10.96.0.1 SIX=fd00::9 WEB=10.96.0.9 ");
  EXPECT_EQ(hosts(told("a", false, all)), "KUBERNETES=10.96.0.1 ");
  EXPECT_EQ(hosts(told("b", true, all)), "KUBERNETES=10.96.0.77 ") << "the namespace's own comes first, whatever the order";
  EXPECT_EQ(hosts(told("b", true, {api_server, own})), "KUBERNETES=10.96.0.77 ");
  EXPECT_EQ(hosts(told("b", false, all)), "KUBERNETES=10.96.0.1 ");
  const auto variables = told("a", {}, {six});
  EXPECT_EQ(variables[2], (std::pair<std::string, std::string>("SIX_PORT", "tcp://[fd00::9]:80")));
}

}  // namespace
}  // namespace plumb::kubelet
