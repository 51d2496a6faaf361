import java.sql.*;
import java.util.*;

/** What a tool on the JDBC driver does first: the version, the tables with their comments, columns, rows, parameters. */
public class Analyst {
    public static void main(String[] args) throws Exception {
        Properties login = new Properties();
        login.put("user", "pmo");
        login.put("password", args[1]);
        try (Connection connection = DriverManager.getConnection("jdbc:clickhouse://" + args[0] + "/pmo_analysis", login)) {
            DatabaseMetaData about = connection.getMetaData();
            System.out.println("version " + about.getDatabaseProductVersion());
            try (ResultSet tables = about.getTables(null, "pmo_analysis", "%", null)) {
                while (tables.next())
                    System.out.println("table " + tables.getString("TABLE_NAME") + " " + tables.getString("REMARKS"));
            }
            try (ResultSet columns = about.getColumns(null, "pmo_analysis", "projects", "%")) {
                while (columns.next())
                    System.out.println("column " + columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
            }
            String query = "SELECT project, first_finish, budget FROM projects WHERE unit = ? ORDER BY project";
            try (PreparedStatement statement = connection.prepareStatement(query)) {
                statement.setString(1, args[2]);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next())
                        System.out.println("row " + rows.getString(1) + " " + rows.getDate(2) + " " + rows.getBigDecimal(3));
                }
            }
            try (Statement statement = connection.createStatement()) {
                statement.execute("DROP VIEW projects");
            } catch (SQLException refused) {
                System.out.println("refused " + refused.getMessage().lines().findFirst().get());
            }
        }
    }
}
