#include "reference/apiserver/aggregation/judgement.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::apiserver {
namespace {

template <class T>
std::shared_ptr<const T> decoded(std::string_view json) {
  auto object = api::decode_json(T::info(), json);
  EXPECT_TRUE(object.ok()) << object.error().message << " in " << json;
  return std::static_pointer_cast<const T>(api::ObjectPtr(*object));
}

struct Case {
  const char* what;
  const char* service;  // nullptr: there is none
  std::vector<const char*> slices;
  const char* reason;  // "": it has to be asked
  const char* message;
  std::vector<std::string> endpoints;
};

constexpr const char* cluster_ip = R"({"spec":{"type":"ClusterIP","ports":[{"name":"https","port":443}]}})";
constexpr const char* ready = R"({"ports":[{"name":"https","port":8443}],"endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"],"conditions":{"ready":false}},{"addresses":["10.0.0.3"],"conditions":{"ready":true}}]})";
constexpr const char* other_port = R"({"ports":[{"name":"http","port":80}],"endpoints":[{"addresses":["10.0.0.9"]}]})";

TEST(JudgementTest, SaysWhatUpstreamSays) {
  const std::vector<Case> cases = {
      {"no service", nullptr, {}, "ServiceNotFound", R"(service/api in "home" is not present)", {}},
      {"another port", R"({"spec":{"type":"ClusterIP","ports":[{"port":80}]}})", {ready}, "ServicePortError", R"(service/api in "home" is not listening on port 443)", {}},
      {"no slices", cluster_ip, {}, "EndpointsNotFound", R"(cannot find endpointslices for service/api in "home")", {}},
      {"nobody is ready", cluster_ip, {R"({"ports":[{"name":"https","port":8443}],"endpoints":[{"addresses":["10.0.0.2"],"conditions":{"ready":false}}]})"}, "MissingEndpoints",
       R"(endpointslices for service/api in "home" have no addresses with port name "https")", {}},
      {"only another port has addresses", cluster_ip, {other_port}, "MissingEndpoints", R"(endpointslices for service/api in "home" have no addresses with port name "https")", {}},
      {"some are ready", cluster_ip, {other_port, ready}, "", "", {"10.0.0.1:8443", "10.0.0.3:8443"}},
      {"ports without names", R"({"spec":{"type":"NodePort","ports":[{"port":443}]}})", {R"({"ports":[{"name":"","port":1}],"endpoints":[{"addresses":["fd00::1"]}]})"}, "", "", {"[fd00::1]:1"}},
      {"a name elsewhere", R"({"spec":{"type":"ExternalName","externalName":"api.example.org"}})", {}, "", "", {"api.example.org:443"}},
  };
  const auto wanted = decoded<apiregistrationv1::APIService>(R"({"spec":{"group":"g","version":"v1","service":{"namespace":"home","name":"api","port":443}}})");
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    const auto service = each.service ? decoded<corev1::Service>(each.service) : nullptr;
    Slices slices;
    for (const char* slice : each.slices) slices.push_back(decoded<discoveryv1::EndpointSlice>(slice));
    const Judgement judgement = judge(*wanted, service.get(), slices);
    EXPECT_EQ(judgement.settled ? judgement.settled->reason : "", each.reason);
    EXPECT_EQ(judgement.settled ? judgement.settled->message : "", each.message);
    EXPECT_EQ(judgement.settled ? judgement.settled->status : "False", "False");
    std::vector<std::string> endpoints;
    for (const net::Endpoint& endpoint : judgement.endpoints) endpoints.push_back(endpoint.text());
    EXPECT_EQ(endpoints, each.endpoints);
  }
  EXPECT_EQ(discovery_path(wanted->spec), "/apis/g/v1");
}

}  // namespace
}  // namespace plumb::apiserver
