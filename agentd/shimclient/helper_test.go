package shimclient

const helperEnv = "REEVE_TEST_HELPER"

func helper() int { return 0 }
