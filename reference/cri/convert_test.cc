#include "reference/cri/convert.h"

#include <gtest/gtest.h>

namespace plumb::cri {
namespace {

wire::Envelope envelope(const std::string& topic, const std::string& bytes) {
  wire::Envelope result;
  result.set_topic(topic);
  result.mutable_event()->set_value(bytes);
  return result;
}

std::string task_exit(const std::string& container, const std::string& id, unsigned status) {
  wire::TaskExit exit;
  exit.set_container_id(container);
  exit.set_id(id);
  exit.set_exit_status(status);
  return exit.SerializeAsString();
}

TEST(Events, TheContainersOwnProcessEndsTheContainerAnExecDoesNot) {
  const auto ended = from_wire(envelope("/tasks/exit", task_exit("c1", "c1", 3)));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->kind, Event::Kind::exited);
  EXPECT_EQ(ended->id, "c1");
  EXPECT_EQ(ended->exit_code, 3);
  EXPECT_FALSE(from_wire(envelope("/tasks/exit", task_exit("c1", "exec-7", 0))));
}

TEST(Events, WhatIsNotKnownOrBrokenIsPassedOver) {
  EXPECT_FALSE(from_wire(envelope("/snapshot/commit", "")));
  EXPECT_FALSE(from_wire(envelope("/tasks/exit", "\xff\xff")));
  EXPECT_FALSE(from_wire(envelope("/containers/create", "\xff\xff")));
}

TEST(Convert, WhatIsNotSetStaysOffTheWire) {
  wire::ContainerConfig to;
  ContainerConfig from;
  from.security.run_as_user = 0;
  to_wire(from, to);
  EXPECT_TRUE(to.linux().security_context().has_run_as_user()) << "user 0 is not the same as no user";
  EXPECT_FALSE(to.linux().security_context().has_run_as_group());
  EXPECT_FALSE(to.linux().security_context().has_seccomp());
}

TEST(Convert, TimesThatWereNotReachedAreAbsent) {
  wire::ContainerStatus from;
  from.set_created_at(5);
  from.set_state(1);
  const auto status = from_wire(from);
  EXPECT_EQ(status.state, ContainerState::running);
  EXPECT_EQ(status.created_at.time_since_epoch().count(), 5);
  EXPECT_FALSE(status.started_at || status.finished_at);
}

}  // namespace
}  // namespace plumb::cri
