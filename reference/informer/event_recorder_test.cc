#include "reference/informer/event_recorder.h"

#include <gtest/gtest.h>

#include "reference/informer/fake_client.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;

struct EventRecorderTest : testing::Test {
  VirtualClock clock;
  FakeClient client{clock};
  EventRecorder recorder{client, clock, "tester", "host-1"};
  corev1::ObjectReference pod;

  EventRecorderTest() {
    pod.kind = "Pod";
    pod.apiVersion = "v1";
    pod.namespace_ = "shop";
    pod.name = "web";
    pod.uid = "u1";
  }
  std::vector<std::shared_ptr<const corev1::Event>> events() { return client.all<corev1::Event>(); }
};

TEST_F(EventRecorderTest, RecordsWhatDescribeShows) {
  recorder.record(pod, event_normal, "Started", "Started container main");
  ASSERT_EQ(events().size(), 1u);
  const auto& event = *events()[0];
  EXPECT_EQ(event.metadata.namespace_, "shop");
  EXPECT_TRUE(event.metadata.name.view().starts_with("web."));
  EXPECT_EQ(event.type, "Normal");
  EXPECT_EQ(event.reason, "Started");
  EXPECT_EQ(event.message, "Started container main");
  EXPECT_EQ(event.count, 1);
  EXPECT_EQ(event.source.component, "tester");
  EXPECT_EQ(event.source.host, "host-1");
  EXPECT_EQ(event.involvedObject.uid, "u1");
  EXPECT_EQ(event.firstTimestamp, event.lastTimestamp);
}

TEST_F(EventRecorderTest, CountsRepetitions) {
  recorder.record(pod, event_warning, "BackOff", "Back-off restarting");
  clock.advance(5s);
  recorder.record(pod, event_warning, "BackOff", "Back-off restarting");
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0]->count, 2);
  EXPECT_EQ(events()[0]->lastTimestamp.seconds - events()[0]->firstTimestamp.seconds, 5);
}

TEST_F(EventRecorderTest, CombinesSimilarEvents) {
  for (int i = 0; i < 20; ++i) recorder.record(pod, event_normal, "Created", "number " + std::to_string(i));
  EXPECT_EQ(events().size(), 10u);
  int combined = 0;
  for (const auto& event : events()) combined += event->message.view().starts_with("(combined from similar events): ") ? event->count : 0;
  EXPECT_EQ(combined, 11);
}

TEST_F(EventRecorderTest, LimitsWhatOneObjectCauses) {
  for (int i = 0; i < 100; ++i) recorder.record(pod, event_normal, "Same", "the same");
  EXPECT_EQ(events()[0]->count, 25);
  clock.advance(5min);
  for (int i = 0; i < 10; ++i) recorder.record(pod, event_normal, "Same", "the same");
  EXPECT_EQ(events()[0]->count, 26);
}

TEST_F(EventRecorderTest, MakesAnExpiredEventAnew) {
  recorder.record(pod, event_normal, "Same", "the same");
  client.erase(resource_of<corev1::Event>(), object_key(*events()[0]));
  recorder.record(pod, event_normal, "Same", "the same");
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0]->count, 2);
}

TEST_F(EventRecorderTest, DropsWhatIsRefused) {
  client.intercept([](const Request&) { return std::optional(fail(Code::permission_denied, "no", "Forbidden")); });
  recorder.record(pod, event_normal, "Same", "the same");
  EXPECT_TRUE(events().empty());
}

}  // namespace
}  // namespace plumb::informer
