/* POST connections/defaults: the connections that Airflow's `create_default_connections` makes, for what it ships with.
 */
#include "api/airflow/routes.h"

#include "api/airflow/rest_internal.h"
#include "engine/store/connection_store.h"

static const struct {
    const char *conn_id;
    const char *conn_type;
    const char *host;
    const char *login;
    const char *schema;
    const char *password;
    const char *extra;
    const char *description;
    int port; /* 0: none */
} DEFAULTS[] = {
    {"airflow_db", "mysql", .host = "mysql", .login = "root", .schema = "airflow"},
    {"athena_default", "athena", .host = NULL},
    {"aws_default", "aws", .host = NULL},
    {"azure_batch_default", "azure_batch", .login = "<ACCOUNT_NAME>", .extra = "{\"account_url\": \"<ACCOUNT_URL>\"}"},
    {"azure_cosmos_default", "azure_cosmos",
     .extra = "{\"database_name\": \"<DATABASE_NAME>\", \"collection_name\": \"<COLLECTION_NAME>\" }"},
    {"azure_data_explorer_default", "azure_data_explorer", .host = "https://<CLUSTER>.kusto.windows.net",
     .extra = "{\"auth_method\": \"<AAD_APP | AAD_APP_CERT | AAD_CREDS | AAD_DEVICE>\",\n                    "
              "\"tenant\": \"<TENANT ID>\", \"certificate\": \"<APPLICATION PEM CERTIFICATE>\",\n                    "
              "\"thumbprint\": \"<APPLICATION CERTIFICATE THUMBPRINT>\"}"},
    {"azure_data_lake_default", "azure_data_lake",
     .extra = "{\"tenant\": \"<TENANT>\", \"account_name\": \"<ACCOUNTNAME>\" }"},
    {"azure_default", "azure", .host = NULL},
    {"cassandra_default", "cassandra", .host = "cassandra", .port = 9042},
    {"databricks_default", "databricks", .host = "localhost"},
    {"dingding_default", "http", .host = ""},
    {"drill_default", "drill", .host = "localhost",
     .extra = "{\"dialect_driver\": \"drill+sadrill\", \"storage_plugin\": \"dfs\"}", .port = 8047},
    {"druid_broker_default", "druid", .host = "druid-broker", .extra = "{\"endpoint\": \"druid/v2/sql\"}",
     .port = 8082},
    {"druid_ingest_default", "druid", .host = "druid-overlord", .extra = "{\"endpoint\": \"druid/indexer/v1/task\"}",
     .port = 8081},
    {"elasticsearch_default", "elasticsearch", .host = "localhost", .schema = "http", .port = 9200},
    {"emr_default", "emr",
     .extra =
         "\n                {   \"Name\": \"default_job_flow_name\",\n                    \"LogUri\": "
         "\"s3://my-emr-log-bucket/default_job_flow_location\",\n                    \"ReleaseLabel\": "
         "\"emr-4.6.0\",\n                    \"Instances\": {\n                        \"Ec2KeyName\": \"mykey\",\n   "
         "                     \"Ec2SubnetId\": \"somesubnet\",\n                        \"InstanceGroups\": [\n       "
         "                     {\n                                \"Name\": \"Master nodes\",\n                        "
         "        \"Market\": \"ON_DEMAND\",\n                                \"InstanceRole\": \"MASTER\",\n          "
         "                      \"InstanceType\": \"r3.2xlarge\",\n                                \"InstanceCount\": "
         "1\n                            },\n                            {\n                                \"Name\": "
         "\"Core nodes\",\n                                \"Market\": \"ON_DEMAND\",\n                                "
         "\"InstanceRole\": \"CORE\",\n                                \"InstanceType\": \"r3.2xlarge\",\n             "
         "                   \"InstanceCount\": 1\n                            }\n                        ],\n         "
         "               \"TerminationProtected\": false,\n                        \"KeepJobFlowAliveWhenNoSteps\": "
         "false\n                    },\n                    \"Applications\":[\n                        { \"Name\": "
         "\"Spark\" }\n                    ],\n                    \"VisibleToAllUsers\": true,\n                    "
         "\"JobFlowRole\": \"EMR_EC2_DefaultRole\",\n                    \"ServiceRole\": \"EMR_DefaultRole\",\n       "
         "             \"Tags\": [\n                        {\n                            \"Key\": \"app\",\n         "
         "                   \"Value\": \"analytics\"\n                        },\n                        {\n         "
         "                   \"Key\": \"environment\",\n                            \"Value\": \"development\"\n       "
         "                 }\n                    ]\n                }\n            "},
    {"facebook_default", "facebook_social",
     .extra = "\n                {   \"account_id\": \"<AD_ACCOUNT_ID>\",\n                    \"app_id\": "
              "\"<FACEBOOK_APP_ID>\",\n                    \"app_secret\": \"<FACEBOOK_APP_SECRET>\",\n                "
              "    \"access_token\": \"<FACEBOOK_AD_ACCESS_TOKEN>\"\n                }\n            "},
    {"fs_default", "fs", .extra = "{\"path\": \"/\"}"},
    {"ftp_default", "ftp", .host = "localhost", .login = "airflow", .password = "airflow",
     .extra = "{\"key_file\": \"~/.ssh/id_rsa\", \"no_host_key_check\": true}", .port = 21},
    {"google_cloud_default", "google_cloud_platform", .schema = "default"},
    {"gremlin_default", "gremlin", .host = "gremlin", .port = 8182},
    {"hive_cli_default", "hive_cli", .host = "localhost", .schema = "default",
     .extra = "{\"use_beeline\": true, \"auth\": \"\"}", .port = 10000},
    {"hiveserver2_default", "hiveserver2", .host = "localhost", .schema = "default", .port = 10000},
    {"http_default", "http", .host = "https://www.httpbin.org/"},
    {"iceberg_default", "iceberg", .host = "https://api.iceberg.io/ws/v1"},
    {"impala_default", "impala", .host = "localhost", .port = 21050},
    {"kafka_default", "kafka", .extra = "{\"bootstrap.servers\": \"broker:29092\", \"group.id\": \"my-group\"}"},
    {"kubernetes_default", "kubernetes", .host = NULL},
    {"kylin_default", "kylin", .host = "localhost", .login = "ADMIN", .password = "KYLIN", .port = 7070},
    {"leveldb_default", "leveldb", .host = "localhost"},
    {"livy_default", "livy", .host = "livy", .port = 8998},
    {"local_mysql", "mysql", .host = "localhost", .login = "airflow", .schema = "airflow", .password = "airflow"},
    {"metastore_default", "hive_metastore", .host = "localhost", .extra = "{\"authMechanism\": \"PLAIN\"}",
     .port = 9083},
    {"mongo_default", "mongo", .host = "mongo", .port = 27017},
    {"mssql_default", "mssql", .host = "localhost", .port = 1433},
    {"mysql_default", "mysql", .host = "mysql", .login = "root", .schema = "airflow"},
    {"opensearch_default", "opensearch", .host = "localhost", .schema = "http", .port = 9200},
    {"opsgenie_default", "http", .host = ""},
    {"oracle_default", "oracle", .host = "localhost", .login = "root", .schema = "schema", .password = "password",
     .port = 1521},
    {"oss_default", "oss",
     .extra = "\n                {\n                \"auth_type\": \"AK\",\n                \"access_key_id\": "
              "\"<ACCESS_KEY_ID>\",\n                \"access_key_secret\": \"<ACCESS_KEY_SECRET>\",\n                "
              "\"region\": \"<YOUR_OSS_REGION>\"}\n                "},
    {"pig_cli_default", "pig_cli", .schema = "default"},
    {"pinot_admin_default", "pinot", .host = "localhost", .port = 9000},
    {"pinot_broker_default", "pinot", .host = "localhost", .extra = "{\"endpoint\": \"/query\", \"schema\": \"http\"}",
     .port = 9000},
    {"postgres_default", "postgres", .host = "postgres", .login = "postgres", .schema = "airflow",
     .password = "airflow"},
    {"presto_default", "presto", .host = "localhost", .schema = "hive", .port = 3400},
    {"qdrant_default", "qdrant", .host = "qdrant", .port = 6333},
    {"redis_default", "redis", .host = "redis", .extra = "{\"db\": 0}", .port = 6379},
    {"redshift_default", "redshift",
     .extra = "\n{\n    \"iam\": true,\n    \"cluster_identifier\": \"<REDSHIFT_CLUSTER_IDENTIFIER>\",\n    \"port\": "
              "5439,\n    \"profile\": \"default\",\n    \"db_user\": \"awsuser\",\n    \"database\": \"dev\",\n    "
              "\"region\": \"\"\n}"},
    {"salesforce_default", "salesforce", .login = "username", .password = "password",
     .extra = "{\"security_token\": \"security_token\"}"},
    {"segment_default", "segment", .extra = "{\"write_key\": \"my-segment-write-key\"}"},
    {"sftp_default", "sftp", .host = "localhost", .login = "airflow",
     .extra = "{\"key_file\": \"~/.ssh/id_rsa\", \"no_host_key_check\": true}", .port = 22},
    {"spark_default", "spark", .host = "yarn", .extra = "{\"queue\": \"root.default\"}"},
    {"sqlite_default", "sqlite", .host = "/tmp/sqlite_default.db"},
    {"ssh_default", "ssh", .host = "localhost"},
    {"tableau_default", "tableau", .host = "https://tableau.server.url", .login = "user", .password = "password",
     .extra = "{\"site_id\": \"my_site\"}"},
    {"teradata_default", "teradata", .host = "localhost", .login = "user", .schema = "schema", .password = "password"},
    {"trino_default", "trino", .host = "localhost", .schema = "hive", .port = 3400},
    {"vertica_default", "vertica", .host = "localhost", .port = 5433},
    {"wasb_default", "wasb", .extra = "{\"sas_token\": null}"},
    {"webhdfs_default", "hdfs", .host = "localhost", .port = 50070},
    {"yandexcloud_default", "yandexcloud", .schema = "default"},
    {"ydb_default", "ydb", .host = "grpc://localhost", .extra = "{\"database\": \"/local\"}", .port = 2135},
};

static struct hk_str text_of(const char *text)
{
    return text != NULL ? hk_str_from(text) : (struct hk_str){NULL, 0};
}

static bool add_missing(struct hk_db *db, struct hk__command *c, struct hk_error *err)
{
    hk_response_empty(c->res, 204);
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof DEFAULTS[0]; i++) {
        const struct hk_connection_info row = {
            .conn_id = hk_str_from(DEFAULTS[i].conn_id),
            .conn_type = hk_str_from(DEFAULTS[i].conn_type),
            .description = text_of(DEFAULTS[i].description),
            .host = text_of(DEFAULTS[i].host),
            .login = text_of(DEFAULTS[i].login),
            .schema = text_of(DEFAULTS[i].schema),
            .port = DEFAULTS[i].port != 0 ? DEFAULTS[i].port : HK_TIME_NONE,
            .password = text_of(DEFAULTS[i].password),
            .extra = text_of(DEFAULTS[i].extra),
        };
        bool found = false;
        if (!hk_store_connection_exists(db, row.conn_id, &found, err) ||
            (!found && !hk_store_connection_set(db, c->air->options.secret, &row, hk__airflow_now(c->air), err))) {
            return false;
        }
    }
    return true;
}

void hk__connections_defaults(const struct hk_request *req, struct hk_response *res)
{
    hk__write_begin(req, res, "create_default_connections", NULL, add_missing);
}
