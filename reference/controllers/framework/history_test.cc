#include "reference/controllers/framework/history.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::controllers {
namespace {

// A revision that release 1.34 wrote: its data and, behind the last dash of its name, the hash.
constexpr std::string_view upstream_data =
    R"({"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"test":"value"},"labels":{"app":"foo"}},"spec":{"containers":[{"image":"test",)"
    R"("imagePullPolicy":"Always","name":"test","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],)"
    R"("dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}})";

appsv1::ControllerRevision upstream_revision() {
  appsv1::ControllerRevision revision;
  revision.data = api::Raw(upstream_data);
  return revision;
}

TEST(History, DataAndHashAreUpstreams) {
  const auto kept = template_in(upstream_revision());
  ASSERT_TRUE(kept);
  EXPECT_EQ(template_patch(*kept), upstream_data);
  EXPECT_EQ(revision_hash(upstream_data, 0), "776999688b");
  EXPECT_NE(revision_hash(upstream_data, 1), revision_hash(upstream_data, 0));
}

TEST(History, KnowsATemplateThatWasWrittenDifferently) {
  const corev1::PodTemplateSpec wanted = *template_in(upstream_revision());
  appsv1::ControllerRevision other = upstream_revision();
  std::string text(upstream_data);
  text.insert(text.find(R"("annotations")"), R"("creationTimestamp":null,)");
  other.data = api::Raw(text);
  EXPECT_TRUE(keeps_template(other, wanted, template_patch(wanted)));
  text.replace(text.find(R"("image":"test")"), 14, R"("image":"next")");
  other.data = api::Raw(text);
  EXPECT_FALSE(keeps_template(other, wanted, template_patch(wanted)));
  other.data = api::Raw(R"({"something":"else"})");
  EXPECT_FALSE(template_in(other));
}

TEST(History, LongNamesLeaveRoomForTheHash) {
  appsv1::StatefulSet owner;
  owner.metadata.name = std::string(250, 'a');
  const auto revision = make_revision(owner, {}, upstream_data, 0, 7, "controller.kubernetes.io/hash");
  EXPECT_EQ(revision->metadata.name.view(), std::string(223, 'a') + "-776999688b");
  EXPECT_EQ(revision->metadata.labels.get("controller.kubernetes.io/hash").view(), "776999688b");
  EXPECT_EQ(revision->revision, 7);
}

}  // namespace
}  // namespace plumb::controllers
